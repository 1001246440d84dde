"""The inspector: ``python -m jobs.inspector SOCKET`` keeps PyTorch and models loaded and answers interactive requests.

One connection is one thread; requests are the functions of ``models.inspection.requests.REQUESTS``. It ends with its
parent: standard input is a pipe from it, and at its end the inspector leaves. It runs code of users, and is confined:
see ``jobs/sandbox``.
"""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click
import psutil

from data.errors import InvalidOptions, UserError
from jobs import frames
from jobs.sandbox import Sandbox, memory, places

log = logging.getLogger("foveal.inspector")

OVER_MEMORY = 62
"""Exit code of an inspector that took more memory than it may."""
OVER_THREADS = 63
"""The same for threads."""
MOST_THREADS = 2000
READY = "inspector: ready"
WATCH = 0.2  # seconds between two looks at the memory
ROOM = 1 << 30  # bytes of data beyond the limit that is watched: stacks of threads, and libraries

Handler = Callable[[dict[str, Any], list[bytes]], tuple[dict[str, Any], list[bytes]]]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--memory-limit", type=click.IntRange(0), default=0, help="Bytes it may take; 0: no limit.")
@click.option("--scratch", type=click.Path(path_type=Path), help="Confine it, and let it write into this folder alone.")
@click.option("--warm-up", is_flag=True, help="Import at once what first requests about sources would wait for.")
def main(path: Path, memory_limit: int, scratch: Path | None, warm_up: bool) -> None:
    """Answer requests on the unix socket PATH until standard input ends."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the server's terminal is the server's affair
    listener = _listen(path)  # before the slow import: clients queue up meanwhile
    memory.goes_first()
    sandbox = _sandbox(scratch, memory_limit) if scratch else None
    if sandbox:
        sandbox.enter()
    threading.Thread(target=_leave_with_parent, args=(scratch,), daemon=True).start()
    threading.Thread(target=_watch, args=(memory_limit,), daemon=True).start()
    handlers, prepare = _load_requests()
    if sandbox:
        sandbox.close()
    if warm_up:
        threading.Thread(target=prepare, daemon=True).start()
    log.info("%s for %s", READY, ", ".join(handlers))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, handlers), daemon=True).start()


def _sandbox(scratch: Path, limit: int) -> Sandbox:
    """Jobs and uploads are what requests are about; the rest of the server's home (its database) stays unseen.

    Python's hook alone keeps it so: to the kernel's rules, images that people make meanwhile would be hidden as well.
    """
    home = scratch.parents[1]
    shown = (home / "jobs", home / "uploads")
    hidden = (home, *places.secrets())
    return Sandbox(scratch, limit + ROOM if limit else 0, hidden=hidden, shown=shown, walled=False)


def serve(connection: socket.socket, handlers: Mapping[str, Handler]) -> None:
    """Say hello, then answer one request after the other until the client hangs up."""
    with connection:
        try:
            frames.send(connection, {"ready": True})
            while True:
                request, blobs = frames.receive(connection)
                answer, results = respond(handlers, request, blobs)
                _send(connection, answer, results)
        except (EOFError, OSError):
            return  # the client hung up: that is how a conversation ends


def _send(connection: socket.socket, answer: dict[str, Any], results: list[bytes]) -> None:
    """Send an answer; one that is no JSON is a defect of its handler and said as such."""
    try:
        frames.send(connection, answer, results)
    except (TypeError, ValueError) as error:
        frames.send(connection, {"failure": f"{type(error).__name__}: {error}"})


def respond(
    handlers: Mapping[str, Handler], request: Mapping[str, Any], blobs: list[bytes]
) -> tuple[dict[str, Any], list[bytes]]:
    """The answer to one request: ``{"result"}``, ``{"error": {message, field, hint, fields}}`` or ``{"failure"}``."""
    handler = handlers.get(request["name"])
    if handler is None:
        return {"failure": f"there is no request {request['name']!r}"}, []
    try:
        result, results = handler(request["params"], blobs)
    except UserError as error:
        fields = error.fields if isinstance(error, InvalidOptions) else None
        words = {"message": error.message, "field": error.field, "hint": error.hint, "fields": fields}
        return {"error": words}, []
    except MemoryError:
        hint = "Choose smaller images, a smaller batch or a smaller network."
        message = "This needs more memory than the server gives to it."
        return {"error": {"message": message, "field": None, "hint": hint, "fields": None}}, []
    except BaseException as error:
        log.exception("request %s failed", request["name"])
        return {"failure": f"{type(error).__name__}: {error}"}, []
    return {"result": result}, results


def _listen(path: Path) -> socket.socket:
    """Only our own user may connect: whoever can, can have code run."""
    listener = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    old = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(old)
    listener.listen(64)
    return listener


def _load_requests() -> tuple[Mapping[str, Handler], Callable[[], None]]:
    """Importing them brings torch in. FOVEAL_REQUESTS names another module (tests).

    Beside the handlers the module's ``warm_up``: what the first request would otherwise wait for.
    """
    module = importlib.import_module(os.environ.get("FOVEAL_REQUESTS", "models.inspection.requests"))
    handlers: Mapping[str, Handler] = module.REQUESTS
    return handlers, getattr(module, "warm_up", lambda: None)


def _leave_with_parent(scratch: Path | None) -> None:
    """Leave at once when the parent's end of our standard input is closed, with all that was started here."""
    while os.read(0, 4096):  # not sys.stdin: its lock, held here, would abort the interpreter when it ends
        pass
    if scratch:
        shutil.rmtree(scratch, ignore_errors=True)
    _leave(0)


def _leave(code: int) -> NoReturn:
    """End this process, and its children where it leads a group of its own."""
    if os.getpgrp() == os.getpid():
        for child in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
    os._exit(code)


def _watch(limit: int) -> None:
    """Leave where too much is used; ``limit`` in bytes, 0: none.

    A limit on address space would count what is only mapped (CUDA maps terabytes), and the kernel's limit on processes
    counts all of a user's, so what this process uses is watched.
    """
    process = psutil.Process()
    while True:
        used = process.memory_info()
        if limit and used.rss - getattr(used, "shared", 0) > limit:
            log.error("more than %d bytes of memory: leaving", limit)
            _leave(OVER_MEMORY)
        if process.num_threads() > MOST_THREADS:
            log.error("more than %d threads: leaving", MOST_THREADS)
            _leave(OVER_THREADS)
        time.sleep(WATCH)


if __name__ == "__main__":
    main()
