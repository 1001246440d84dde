"""DIGITS's sign-in on a server for many: a name alone opens nothing; password or token do; owners are asked for."""

from __future__ import annotations

import pytest

from tests.app.conftest import PASSWORD, Lab

FORM = {"username": "olga", "password": PASSWORD}


@pytest.mark.parametrize("form", [{"username": "olga"}, {**FORM, "password": "wrong word"}])
@pytest.mark.parametrize("path", ["/login", "/login.json"])
def test_a_name_alone_or_a_wrong_password_is_401(lab: Lab, form: dict[str, str], path: str) -> None:
    client = lab.client()
    answer = client.post(path, data=form)
    assert answer.status_code == 401
    assert answer.json["error"]["message"]
    client.set_cookie("username", "olga")
    assert client.get("/index.json").status_code == 401


def test_a_script_signs_in_and_changes_things(lab: Lab) -> None:
    job, client = lab.job(owner="olga"), lab.client()
    assert client.post("/login", data=FORM).status_code == 302
    assert client.put(f"/jobs/{job.id}", data={"job_name": "renamed"}).status_code == 200
    assert client.get("/index.json").json["datasets"] == [{"id": job.id, "name": "renamed", "status": "Initialized"}]
    client.get("/logout")
    assert client.get("/index.json").status_code == 401


def test_a_browser_that_signs_in_there_stays_bound_to_this_site(lab: Lab) -> None:
    job, client = lab.job(owner="olga"), lab.client()
    assert client.post("/login", data=FORM, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 302
    assert client.delete(f"/jobs/{job.id}").status_code == 403
    assert client.delete(f"/jobs/{job.id}", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_name_and_password_with_each_form(lab: Lab) -> None:
    job = lab.job(owner="olga")
    assert lab.client().put(f"/jobs/{job.id}", data={**FORM, "job_notes": "x"}).status_code == 200
    wrong = lab.client().put(f"/jobs/{job.id}", data={**FORM, "password": "wrong word", "job_notes": "y"})
    assert wrong.status_code == 401
    other = lab.client().delete(f"/jobs/{job.id}", data={"username": "sam", "password": PASSWORD})
    assert other.status_code == 403
    assert lab.client().post("/api/v1/tokens", data={**FORM, "title": "t"}).status_code == 401, "only DIGITS's routes"


def test_without_sign_in_json_and_changes_are_401_and_pages_go_to_the_login(lab: Lab) -> None:
    job, client = lab.job(), lab.client()
    for method, path in (("get", ".json"), ("get", "/json"), ("delete", "")):
        assert getattr(client, method)(f"/datasets/{job.id}{path}").status_code == 401
    assert client.put(f"/jobs/{job.id}", data={"job_name": "x"}).status_code == 401
    page = client.get(f"/clone/{job.id}")
    assert page.status_code == 302
    assert "/login" in page.headers["Location"]


def test_who_does_not_own_it_may_not_change_it(lab: Lab) -> None:
    job, sam = lab.job(owner="olga"), lab.client("sam")
    assert sam.get(f"/jobs/{job.id}/status").json["name"] == job.name
    for answer in (
        sam.put(f"/jobs/{job.id}", data={"job_name": "x"}),
        sam.post(f"/datasets/{job.id}/abort"),
        sam.delete(f"/datasets/{job.id}"),
    ):
        assert answer.status_code == 403
        assert answer.json["error"]["type"] == "NotAllowed"
    assert sam.delete("/jobs", data={"job_ids[]": [job.id]}).status_code == 400
