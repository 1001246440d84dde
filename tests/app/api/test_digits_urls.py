"""The three spellings of DIGITS's JSON addresses."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient

from app.api.digits_urls import DigitsUrls, as_json, json_spelling, prefers_json, twin

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    routes = Blueprint("digits_test", __name__)

    @routes.get("/index.json")
    def index() -> str:
        return f"index {request.headers['Accept']}"

    @routes.get("/models/<job_id>.json")
    def show(job_id: str) -> str:
        return f"json of {job_id}"

    @twin(routes, "/models/images/classification", "POST")
    def create() -> str:
        return "created as json" if as_json() else "created as page"

    @app.get("/")
    def home() -> str:
        return "home page"

    @app.get("/models/<job_id>")
    def page(job_id: str) -> str:
        return f"page of {job_id}"

    @app.get("/files/<path:name>")
    def file(name: str) -> str:
        return f"file {name}"

    app.register_blueprint(routes)
    app.wsgi_app = DigitsUrls(app)  # type: ignore[method-assign]
    return app.test_client()


@pytest.mark.parametrize(
    ("path", "accept", "answer"),
    [
        ("/", BROWSER, "home page"),
        ("/", "*/*", "home page"),
        ("/", "application/json", "index application/json"),
        ("/index.json", "*/*", "index application/json"),
        ("/index/json", BROWSER, "index application/json"),
        ("/models/a", BROWSER, "page of a"),
        ("/models/a", "", "page of a"),
        ("/models/a", "application/json", "json of a"),
        ("/models/a.json", BROWSER, "json of a"),
        ("/models/a/json", BROWSER, "json of a"),
        ("/files/x", "application/json", "file x"),
        ("/files/x/json", "*/*", "file x/json"),
    ],
)
def test_spellings(client: FlaskClient, path: str, accept: str, answer: str) -> None:
    assert client.get(path, headers={"Accept": accept}).text == answer


@pytest.mark.parametrize(
    ("path", "accept", "answer"),
    [("", "*/*", "page"), (".json", "*/*", "json"), ("/json", "*/*", "json"), ("", "application/json", "json")],
)
def test_a_post_has_a_page_and_a_json_twin(client: FlaskClient, path: str, accept: str, answer: str) -> None:
    found = client.post(f"/models/images/classification{path}", headers={"Accept": accept})
    assert found.text == f"created as {answer}"


def test_the_method_must_fit_too(client: FlaskClient) -> None:
    assert client.get("/models/images/classification/json").status_code == 404


def test_spelling_is_none_where_json_is_not_asked_for() -> None:
    assert json_spelling("/models/a", "*/*") is None
    assert json_spelling("/models/a.json", "application/json") is None


def test_preference_weighs_both() -> None:
    assert prefers_json("application/json, text/javascript, */*; q=0.01")
    assert not prefers_json("text/html, application/json;q=0.9")
    assert not prefers_json("")
