"""What the inspector of the tests can be asked: things that go well, and everything that can go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from typing import Any

from data.errors import InvalidOptions, UserError


def echo(params: dict[str, Any], blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """What was sent, with the process that had it."""
    return {**params, "pid": os.getpid(), "threads": os.environ["OMP_NUM_THREADS"]}, blobs[::-1]


def crash(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """As a fault in a library would end it."""
    print("the extension gave up", flush=True)
    os.kill(os.getpid(), int(params.get("signal", signal.SIGSEGV)))
    time.sleep(60)
    return {}, []


def sleep(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Answer late."""
    time.sleep(float(params["seconds"]))
    return {"slept": params["seconds"]}, []


def leave(_params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """A network whose code calls sys.exit."""
    raise SystemExit(3)


def wrong(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """The errors meant for the user, and one that is not."""
    if params["kind"] == "user":
        raise UserError("The picture is no picture.", field="image", hint="Send a PNG.")
    if params["kind"] == "options":
        raise InvalidOptions({"width": ["too small", "odd"], "height": ["too large"]})
    if params["kind"] == "answer":
        return {"no": object()}, []
    raise RuntimeError("nobody thought of this")


def spawn(_params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Start a child that would outlive the inspector."""
    return {"pid": subprocess.Popen(["sleep", "300"]).pid}, []


def write(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Write a file: at ``path``, or as a temporary one."""
    path = params["path"] or os.path.join(tempfile.gettempdir(), "found")
    with open(path, "w") as file:
        file.write("here")
    return {"path": path}, []


def look(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Read a file."""
    with open(params["path"]) as file:
        return {"text": file.read()}, []


def check_network(_params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """A source that holds the interpreter's lock for ever."""
    while True:
        pow(3, 10**6)


REQUESTS = {f.__name__: f for f in (echo, crash, sleep, leave, wrong, spawn, write, look, check_network)}
