"""run.py's commands, as a person types them: users, tokens, refusals in one sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.process


def run(*arguments: str, home: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FOVEAL_")}
    command = [sys.executable, str(ROOT / "run.py"), *arguments, "--home", str(home)]
    return subprocess.run(
        command, cwd="/", env=environment, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def test_users_and_tokens(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert "no users" in run("user", "list", home=home).stdout
    done = run("user", "add", "ada", "--admin", "--password-stdin", home=home, given="correct horse\n")
    assert (done.returncode, done.stdout) == (0, "ada may sign in as admin.\n")
    again = run("user", "add", "ada", "--password-stdin", home=home, given="correct horse\n")
    assert (again.returncode, "There is a user ada already." in again.stderr) == (2, True)
    assert run("user", "role", "ada", "viewer", home=home).returncode == 2
    assert run("user", "list", home=home).stdout.split() == ["ada", "admin"]
    token = run("token", "create", "ada", "--scope", "read", home=home)
    assert token.stdout.startswith("fvl_")
    assert run("token", "create", "nobody", home=home).returncode == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--host", "0.0.0.0"), "there is no admin yet"),
        (("--port", "70000"), "port"),
        (("--host", "192.0.2.1"), "192.0.2.1"),
    ],
)
def test_serve_refuses_in_one_sentence(tmp_path: Path, more: tuple[str, ...], words: str) -> None:
    done = run("serve", *more, home=tmp_path / "home")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: ")


def test_serve_on_a_port_in_use_or_without_a_home(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("serve", "--port", str(taken.getsockname()[1]), home=tmp_path / "home")
    assert (done.returncode, "in use" in done.stderr) == (2, True)
    (tmp_path / "file").write_text("")
    done = run("serve", home=tmp_path / "file" / "home")
    assert (done.returncode, "cannot be used" in done.stderr) == (2, True)
