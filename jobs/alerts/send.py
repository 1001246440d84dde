"""Sending one message: an HTTP POST to a checked address, or a mail by SMTP. Blocks, but never for long."""

from __future__ import annotations

import http.client
import json
import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from data.errors import UserError
from jobs.alerts.guard import Place, resolve
from jobs.alerts.settings import AlertSettings
from jobs.alerts.shapes import SHAPES, mail

PATIENCE = 10.0
"""Seconds for connecting, and for each answer."""
DEADLINE = 20.0
"""Seconds for all of a POST: a receiver that answers byte by byte holds up nobody."""
LONGEST_WAIT = 3600.0


class Refused(Exception):
    """It will not be taken, now or later: the text says why, without the address."""


class Later(Exception):
    """It may be taken later; ``wait`` seconds if the receiver said so."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def send(kind: str, target: str, message: Mapping[str, Any], number: int, when: float, settings: AlertSettings) -> None:
    """Deliver. Raises Refused or Later, whose texts never hold the target."""
    if kind == "email":
        _mail(target, message, number, settings)
        return
    try:
        place = resolve(target, private=settings.alert_private_addresses)
    except UserError as error:
        if "no server called" in str(error):  # the name may be known again soon
            raise Later(str(error)) from None
        raise Refused(str(error)) from None
    body = json.dumps(SHAPES[kind](message, number, when)).encode()
    _post(place, body, number)


def _post(place: Place, body: bytes, number: int) -> None:
    connection = _Connection(place)
    timer = threading.Timer(DEADLINE, connection.cut)
    timer.start()
    headers = {"Content-Type": "application/json", "User-Agent": "Foveal", "Idempotency-Key": f"foveal-alert-{number}"}
    try:
        connection.request("POST", place.path, body, headers)
        answer = connection.getresponse()
        wait = answer.getheader("Retry-After", "")
    except (OSError, http.client.HTTPException) as error:
        raise Later(f"{place.host} cannot be reached: {_reason(error)}.") from None
    finally:
        timer.cancel()
        connection.close()
    if 200 <= answer.status < 300:
        return
    words = f"{place.host} answered {answer.status}."
    if answer.status in (408, 425, 429) or answer.status >= 500:
        raise Later(words, min(float(wait), LONGEST_WAIT) if wait.isdigit() else None)
    raise Refused(words if answer.status not in range(300, 400) else f"{words} Redirects are not followed.")


class _Connection(http.client.HTTPConnection):
    """A connection to the address that was checked; the certificate is that of the name."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.host, place.port, timeout=PATIENCE)
        self._place = place
        if place.secure:
            self.default_port = 443

    def connect(self) -> None:
        """Connect, and with https say hello."""
        self.sock = socket.create_connection((self._place.address, self._place.port), PATIENCE)
        if self._place.secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._place.host)

    def cut(self) -> None:
        """End it from another thread: whoever reads then reads an end."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)


def _mail(target: str, message: Mapping[str, Any], number: int, settings: AlertSettings) -> None:
    if not settings.smtp_host:
        raise Refused("This server has no mail server: an administrator sets FOVEAL_SMTP_HOST (docs/settings.md).")
    sender = settings.smtp_from or settings.smtp_user or f"foveal@{socket.getfqdn()}"
    try:
        with _smtp(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.send_message(mail(message, number, sender, target))
    except smtplib.SMTPAuthenticationError:
        raise Later("The mail server does not take the name and password of the settings.") from None
    except smtplib.SMTPRecipientsRefused:
        raise Refused(f"The mail server does not take mail for {target}.") from None
    except smtplib.SMTPResponseException as error:
        words = f"The mail server answered {error.smtp_code}."
        raise (Refused if 500 <= error.smtp_code < 600 else Later)(words) from None
    except (OSError, smtplib.SMTPException) as error:
        raise Later(f"The mail server cannot be reached: {_reason(error)}.") from None


def _smtp(settings: AlertSettings) -> smtplib.SMTP:
    if settings.smtp_security == "ssl":
        return smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=PATIENCE, context=ssl.create_default_context()
        )
    server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=PATIENCE)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    return (getattr(error, "strerror", None) or type(error).__name__).rstrip(".")
