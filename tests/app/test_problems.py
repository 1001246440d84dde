"""Errors in words: RFC 9457 problems for programs, pages for people, and never a stack trace."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.problems import problem_of
from app.services.context import Conflict, NotAllowed, NotFound, StorageFull
from data.errors import InvalidOptions, UserError
from tests.app.conftest import Lab


@pytest.fixture
def client(alone: Lab) -> FlaskClient:
    """A client of a server with routes that fail in every way."""
    failures = {
        "user": UserError("The folder /x does not exist.", field="folder", hint="Choose another."),
        "options": InvalidOptions({"width": ["too small"], "height": ["too large", "odd"]}),
        "conflict": Conflict("It is in use.", blockers=("a", "b")),
        "full": StorageFull("The disk is full."),
        "bug": RuntimeError("secret detail"),
        "html": UserError("<script>alert(1)</script>"),
    }

    def fail(which: str) -> str:
        raise failures[which]

    alone.app.add_url_rule("/api/v1/fail/<which>", "fail_api", fail)
    alone.app.add_url_rule("/fail/<which>", "fail_page", fail)
    return alone.app.test_client()


def test_a_problem_names_fields_and_what_to_do(client: FlaskClient) -> None:
    answer = client.get("/api/v1/fail/user")
    assert answer.mimetype == "application/problem+json"
    assert answer.status_code == 422
    assert answer.json["detail"] == "The folder /x does not exist."
    assert answer.json["errors"] == [{"field": "folder", "message": "The folder /x does not exist."}]
    assert answer.json["hint"] == "Choose another."
    assert [item["field"] for item in client.get("/api/v1/fail/options").json["errors"]] == [
        "width",
        "height",
        "height",
    ]


def test_a_conflict_names_what_is_in_the_way(client: FlaskClient) -> None:
    answer = client.get("/api/v1/fail/conflict")
    assert (answer.status_code, answer.json["blockers"]) == (409, ["a", "b"])


@pytest.mark.parametrize("prefix", ["/api/v1/fail/", "/fail/"])
def test_a_defect_shows_a_number_and_nothing_else(
    client: FlaskClient, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get(prefix + "bug")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    reference = next(record.args[0] for record in caplog.records if "unexpected error" in record.msg)
    assert reference in answer.text
    assert "secret detail" in caplog.text


def test_people_get_a_page(client: FlaskClient) -> None:
    answer = client.get("/fail/user", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert "The folder /x does not exist." in answer.text
    assert "Choose another." in answer.text
    assert "<script>alert(1)" not in client.get("/fail/html").text


def test_programs_that_ask_a_page_for_json_get_json(client: FlaskClient) -> None:
    answer = client.get("/fail/full", headers={"Accept": "application/json"}).json
    assert answer["status"] == 507
    assert answer["error"]["message"] == answer["detail"], "where scripts written for DIGITS look"


def test_unknown_addresses_and_methods(client: FlaskClient) -> None:
    assert client.get("/api/v1/none").json["detail"] == "There is nothing at this address."
    answer = client.delete("/api/v1/me")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_even_a_broken_error_page_says_what_happened(client: FlaskClient, alone: Lab) -> None:
    alone.app.jinja_env.loader = None
    alone.app.jinja_env.cache.clear()
    answer = client.get("/fail/user")
    assert answer.status_code == 422
    assert "The folder /x does not exist." in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFound("a"), 404), (NotAllowed("a"), 403), (UserError("a"), 422), (StorageFull("a"), 507)],
)
def test_status_of_each_family(error: UserError, status: int) -> None:
    assert problem_of(error)["status"] == status
