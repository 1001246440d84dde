"""DIGITS's routes that are not about one kind of job: sign-in, lists, files, completion (digits.md 2.1 and item 40)."""

from __future__ import annotations

from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import LABELS
from tests.contract.script import Script

pytestmark = pytest.mark.process


def test_a_name_in_a_cookie_owns_what_is_made(server: str, dataset_form: dict[str, Any]) -> None:
    script = Script(server, name=None)
    response = script.post("/login", {"username": "grace"})
    assert response.status_code == 302
    assert response.cookies["username"] == "grace"
    job = script.create("dataset", {**dataset_form, "dataset_name": "of grace"})
    assert script.json(f"/jobs/{job}/table_data.json")["job"]["username"] == "grace"
    out = script.get("/logout")
    assert out.status_code == 302
    assert "username" not in script.session.cookies
    script.delete(f"/jobs/{job}")


@pytest.mark.parametrize("name", ["Fred", "1st", "a b", "../x", "x" * 81])
def test_a_bad_name_is_refused(server: str, name: str, dataset_form: dict[str, Any]) -> None:
    script = Script(server, name)
    assert script.post("/login").status_code == 400
    response = script.post("/datasets/images/classification.json", dataset_form)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "BadRequest"


def test_sign_in_goes_on_to_own_addresses_only(server: str) -> None:
    script = Script(server, None)
    assert script.post("/login", {"username": "fred", "next": "/account"}).headers["Location"].endswith("/account")
    away = script.post("/login", {"username": "fred", "next": "https://example.org/"}).headers["Location"]
    assert "example.org" not in away


@pytest.mark.parametrize("address", ["/", "/index.json", "/index/json", "/completed_jobs.json", "/completed_jobs/json"])
def test_40_the_home_page_and_its_json(digits: Script, dataset: str, address: str) -> None:
    response = digits.get(address)
    assert response.status_code == 200
    assert dataset in response.text
    assert response.headers["Content-Type"].startswith("text/html" if address == "/" else "application/json")


def test_40_the_home_page_as_json_by_header(digits: Script, dataset: str) -> None:
    assert digits.get("/", headers={"Accept": "application/json"}).json() == digits.json("/index.json")


def test_lists_can_be_kept_short(digits: Script, dataset: str) -> None:
    assert len(digits.json("/index.json?limit=1")["datasets"]) == 1


@pytest.mark.parametrize("address", ["/foo", "/foo.json", "/models/x/y/z.json"])
def test_40_an_unknown_address(digits: Script, address: str) -> None:
    assert digits.get(address).status_code == 404


def test_a_job_redirects_to_its_page(digits: Script, dataset: str) -> None:
    response = digits.get(f"/jobs/{dataset}")
    assert response.status_code == 302
    assert response.headers["Location"].endswith(f"/datasets/{dataset}")


@pytest.mark.parametrize("kind", ["jobs", "datasets", "models"])
def test_status(digits: Script, dataset: str, kind: str) -> None:
    assert digits.json(f"/{kind}/{dataset}/status") == {
        "error": None,
        "status": "Done",
        "name": "gradients",
        "type": "Image Classification Dataset",
    }
    assert digits.json(f"/{kind}/20200101-000000-beef/status")["error"] == "Job not found."


def test_public_files_of_a_job(digits: Script, dataset: str) -> None:
    assert digits.get(f"/files/{dataset}/mean.jpg").headers["Content-Type"] == "image/jpeg"
    assert digits.get(f"/files/{dataset}/labels.txt").text.split() == list(LABELS)
    assert digits.get(f"/files/{dataset}/worker.log").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "{}/job.json",
        "{}/handle.json",
        "{}/train/data.mdb",
        "{}/../../foveal.sqlite3",
        "{}/%2e%2e%2f%2e%2e%2fsecret",
        "20200101-000000-beef/mean.jpg",
        "../secret",
        "etc/passwd",
    ],
)
def test_no_other_file(digits: Script, dataset: str, path: str) -> None:
    connection = HTTPConnection(digits.url.removeprefix("http://"), timeout=60)  # requests would tidy the path first
    connection.request("GET", f"/files/{path.format(dataset)}")
    assert connection.getresponse().status == 404
    connection.close()


def test_40_completion_of_paths(digits: Script, images: Path) -> None:
    for query in (f"{images}/", str(images / "s"), f"{images}/".lstrip("/")):
        found = digits.json(f"/autocomplete/path?query={query}")["suggestions"]
        assert f"{images}/set/" in found
    inside = digits.json(f"/autocomplete/path?query={images}/set/red-to-right/")["suggestions"]
    assert str(images / "set/red-to-right/0000.png") in inside
    assert digits.json("/autocomplete/path?query=/etc/")["suggestions"] == []


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/abort_jobs"), ("DELETE", "/jobs"), ("POST", "/group"), ("PUT", "/jobs/{}")]
)
def test_what_is_missing_is_said(digits: Script, dataset: str, method: str, path: str) -> None:
    response = digits.session.request(method, digits.url + path.format(dataset), timeout=60)
    assert response.status_code == 400
    assert response.json()["error"]["message"]


def test_another_site_changes_nothing(digits: Script, dataset: str) -> None:
    response = digits.session.delete(
        f"{digits.url}/datasets/{dataset}", headers={"Origin": "https://example.org"}, timeout=60
    )
    assert response.status_code == 403
    assert digits.status(dataset) == "Done"
