"""Signing in, sessions, tokens, the same-origin rule, the names the server answers to, and its headers."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from jobs import accounts
from tests.app.conftest import PASSWORD, Lab

SAME = {"Sec-Fetch-Site": "same-origin"}


def sign_in(client: FlaskClient, name: str = "olga", password: str = PASSWORD, **more: str) -> int:
    form = {"name": name, "password": password, **more}
    return client.post("/account/sign-in", data=form, headers=SAME).status_code


def test_a_session_opens_the_pages_and_ends(lab: Lab) -> None:
    client = lab.client()
    assert client.get("/").headers["Location"] == "/login?next=/"
    assert sign_in(client) == 303
    assert client.get("/api/v1/me").json == {"name": "olga", "role": "member", "scope": "admin", "single_user": False}
    client.post("/account/sign-out", headers=SAME)
    assert client.get("/api/v1/me").status_code == 401


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(lab: Lab) -> None:
    answer = lab.client().get("/jobs/running", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(lab: Lab) -> None:
    first, second = lab.client(), lab.client()
    assert sign_in(first, "olga", "not the password") == sign_in(second, "nobody", "not the password") == 401
    assert first.get("/api/v1/me").status_code == 401


def test_guessing_is_slowed_down_for_one_name_only(lab: Lab) -> None:
    client = lab.client()
    answers = [client.post("/account/sign-in", data={"name": "sam", "password": "guess"}).text for _ in range(6)]
    assert "tried too often" not in answers[4]
    assert "tried too often" in answers[5]
    assert sign_in(lab.client(), "olga") == 303


def test_a_new_password_ends_all_sessions(lab: Lab) -> None:
    client = lab.client()
    sign_in(client)
    accounts.set_password(lab.store, "olga", "another secret")
    assert client.get("/api/v1/me").status_code == 401


def test_a_disabled_user_is_out_at_once(lab: Lab) -> None:
    client = lab.client()
    sign_in(client)
    accounts.set_disabled(lab.store, "olga", True)
    assert client.get("/api/v1/me").status_code == 401
    assert lab.client("olga").get("/api/v1/me").status_code == 401


def test_the_session_cookie_is_not_for_scripts_or_other_sites(lab: Lab) -> None:
    client = lab.client()
    answer = client.post("/account/sign-in", data={"name": "olga", "password": PASSWORD}, headers=SAME)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    secure = lab.client().post(
        "/account/sign-in", data={"name": "olga", "password": PASSWORD}, headers=SAME, base_url="https://localhost"
    )
    assert "Secure" in secure.headers["Set-Cookie"]


@pytest.mark.parametrize("text", ["fvl_unknown", "", "x y"])
def test_a_token_that_is_none_is_refused_even_where_nobody_signs_in(alone: Lab, text: str) -> None:
    answer = alone.client().get("/api/v1/me", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_bad_token_is_not_made_good_by_a_session(lab: Lab) -> None:
    client = lab.client()
    sign_in(client)
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer no"}).status_code == 401


def test_alone_one_is_the_local_admin_or_whom_digits_names(alone: Lab) -> None:
    client = alone.client()
    assert client.get("/api/v1/me").json["name"] == "local"
    client.set_cookie("username", "fred")
    assert client.get("/api/v1/me").json == {"name": "fred", "role": "admin", "scope": "admin", "single_user": True}
    client.set_cookie("username", "Not A Name")
    assert client.get("/api/v1/me").json["name"] == "local"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://localhost"}, True),
        ({"Origin": "http://localhost:8080"}, False),
        ({"Origin": "http://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({}, True),  # no browser: curl on this machine
    ],
)
def test_other_sites_cannot_make_the_browser_change_things(alone: Lab, headers: dict[str, str], passes: bool) -> None:
    job = alone.job(owner="local")
    answer = alone.client().patch(f"/api/v1/jobs/{job.id}", json={"name": "new"}, headers=headers)
    assert answer.status_code == (200 if passes else 403)
    assert (alone.store.get(job.id, anyone=True).name == "new") == passes


def test_a_session_without_browser_headers_changes_nothing(lab: Lab) -> None:
    client, job = lab.client(), lab.job()
    sign_in(client)
    assert client.patch(f"/api/v1/jobs/{job.id}", json={"name": "x"}).status_code == 403
    assert client.patch(f"/api/v1/jobs/{job.id}", json={"name": "x"}, headers=SAME).status_code == 200


def test_a_token_needs_no_browser_headers(lab: Lab) -> None:
    job = lab.job()
    headers = {"Sec-Fetch-Site": "cross-site"}  # a page elsewhere that was given the token
    assert lab.client("olga").patch(f"/api/v1/jobs/{job.id}", json={"name": "x"}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:5000", 200), ("127.0.0.1", 200), ("[::1]:5000", 200), ("LOCALHOST", 200),
     ("evil.example", 421), ("evil.example:5000", 421), ("127.0.0.1.evil.example", 421)],
)  # fmt: skip
def test_alone_the_server_answers_to_names_of_this_machine_only(alone: Lab, host: str, status: int) -> None:
    assert alone.client().get("/api/v1/me", headers={"Host": host}).status_code == status


def test_in_a_lab_any_name_will_do(lab: Lab) -> None:
    assert lab.client("olga").get("/api/v1/me", headers={"Host": "gpu.lab.example:5000"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/me", "/nothing", "/static/js/theme.js", "/login"])
def test_every_answer_carries_the_protecting_headers(lab: Lab, path: str) -> None:
    headers = lab.client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_sign_in_goes_on_to_own_pages_only(lab: Lab) -> None:
    for onward, expected in (("/about", "/about"), ("https://evil.example/", "/"), ("//evil.example", "/")):
        answer = lab.client().post(
            "/account/sign-in", data={"name": "olga", "password": PASSWORD, "next": onward}, headers=SAME
        )
        assert answer.headers["Location"] == expected


def test_the_key_of_sessions_is_kept_and_private(lab: Lab) -> None:
    path = lab.ctx.settings.home / "secret"
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_text() == lab.app.config["SECRET_KEY"]
    assert len(path.read_text()) >= 64
