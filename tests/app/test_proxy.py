"""Behind a proxy: below a prefix, and with the forwarded headers only where they are to be believed."""

from __future__ import annotations

from pathlib import Path

from app import create_app
from app.config import Settings


def test_below_a_prefix(tmp_path: Path) -> None:
    client = create_app(Settings(home=tmp_path, url_prefix="/foveal")).test_client()
    assert client.get("/foveal/api/v1/me").status_code == 200
    assert client.get("/api/v1/me").status_code == 404
    document = client.get("/foveal/api/v1/openapi.json").json
    assert "/foveal/api/v1/jobs" in document["paths"]
    assert 'href="/foveal/' in client.get("/foveal/about").text
    assert client.get("/foveal/socket.io/?EIO=4&transport=polling").data.startswith(b"0{")


def test_forwarded_headers_count_only_behind_a_trusted_proxy(tmp_path: Path) -> None:
    forwarded = {"X-Forwarded-Host": "lab.example", "X-Forwarded-Proto": "https"}
    plain = create_app(Settings(home=tmp_path / "a")).test_client()
    assert plain.get("/api/v1/me", headers=forwarded).status_code == 200
    trusting = create_app(Settings(home=tmp_path / "b", trusted_proxies=1)).test_client()
    assert trusting.get("/api/v1/me", headers=forwarded).status_code == 421
    open_to = Settings(home=tmp_path / "c", trusted_proxies=1, allowed_hosts=("lab.example",))
    assert create_app(open_to).test_client().get("/api/v1/me", headers=forwarded).status_code == 200
