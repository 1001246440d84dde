"""Real receivers for tests: an HTTP server on loopback that keeps what it gets, and an SMTP server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Webhook:
    """What came: (path, headers, JSON); ``answers`` are the next statuses, 200 when they are used up."""

    url: str = ""
    got: list[tuple[str, Message, Any]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A receiver of webhooks."""
    kept = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((self.path, self.headers, json.loads(body)))
            self.send_response(kept.answers.pop(0) if kept.answers else 200)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_values: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_port}/hooks/SECRET-TOKEN"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Mailbox:
    """Mails that came; ``refuse`` is what RCPT is answered with instead."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    refuse: str = ""


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server."""
    kept = Mailbox()

    class Handler:
        async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
            if kept.refuse:
                return kept.refuse
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            mail = BytesParser(policy=default).parsebytes(envelope.content)
            assert isinstance(mail, EmailMessage)
            kept.mails.append(mail)
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        kept.port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
