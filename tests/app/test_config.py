"""Settings: four layers, the later one wins, and a wrong value is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import Settings, load_settings
from data.errors import InvalidOptions, UserError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config.toml, and an environment without Foveal's names."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FOVEAL_{name.upper()}", raising=False)
    path = tmp_path / "config.toml"
    path.write_text('port = 1\nhost = "10.0.0.1"\ncpu_slots = 2\n')
    return path


def test_later_layers_win(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(file.with_name("none.toml")).port == 5000
    assert load_settings(file).port == 1
    monkeypatch.setenv("FOVEAL_PORT", "2")
    assert load_settings(file).port == 2
    found = load_settings(file, port=3, host=None)
    assert (found.port, found.host, found.cpu_slots) == (3, "10.0.0.1", 2)


def test_the_default_home_is_in_the_users_folder(file: Path) -> None:
    """Whatever folder the server is started in."""
    assert load_settings(file.with_name("none.toml")).home == Path.home() / ".foveal"
    assert Settings().home == Path.home() / ".foveal"


def test_lists_in_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOVEAL_DATA_ROOTS", "/a:~/b")
    monkeypatch.setenv("FOVEAL_ALLOWED_HOSTS", "a.example, b.example")
    found = load_settings(file)
    assert found.data_roots == (Path("/a"), Path.home() / "b")
    assert found.allowed_hosts == ("a.example", "b.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "many"), ("PORT", "70000"), ("CPU_SLOTS", "0"), ("URL_PREFIX", "no-slash"), ("URL_PREFIX", "/a/")],
)
def test_a_wrong_setting_is_named(file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"FOVEAL_{name}", value)
    with pytest.raises(InvalidOptions) as caught:
        load_settings(file)
    assert list(caught.value.fields) == [name.lower()]


def test_a_file_that_is_no_toml_or_has_unknown_names(file: Path) -> None:
    file.write_text("port = ")
    with pytest.raises(UserError, match=str(file)):
        load_settings(file)
    file.write_text("prot = 1")
    with pytest.raises(InvalidOptions) as caught:
        load_settings(file)
    assert list(caught.value.fields) == ["prot"]


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("10.1.2.3", False)],
)
def test_only_loopback_is_for_one(host: str, alone: bool) -> None:
    assert Settings(host=host).single_user is alone
