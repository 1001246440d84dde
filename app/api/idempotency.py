"""Idempotency-Key: a create that is sent twice makes one thing (draft-ietf-httpapi-idempotency-key-header)."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from flask import request
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from app.auth import current
from app.extensions import context
from app.services.context import Conflict, find_job
from data.errors import InvalidOptions
from jobs.tables import IdempotencyRow, JobRow

HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]{1,200}")
STALE_AFTER = 600.0
"""Seconds after which a key whose request never ended (the server was stopped) may be used anew."""


def once(values: Mapping[str, Any], make: Callable[[], JobRow]) -> JobRow:
    """``make()``, or what the same request with the same key made before.

    Raises InvalidOptions where the key was used for another request, Conflict while that one is still at work.
    """
    key = request.headers.get(HEADER)
    who = current()
    if key is None or who is None:
        return make()
    if not KEY.fullmatch(key):
        raise InvalidOptions({HEADER: ["Use 1 to 200 printable ASCII characters without spaces."]})
    digest = hashlib.sha256(json.dumps([request.path, values], sort_keys=True, default=str).encode()).hexdigest()
    if not _reserve(who.name, key, digest):
        return _replay(who.name, key, digest)
    try:
        row = make()
    except BaseException:
        _forget(who.name, key)
        raise
    with context().store.session() as session:
        session.execute(update(IdempotencyRow).where(*_is(who.name, key)).values(job=row.id))
    return row


def _reserve(user: str, key: str, digest: str) -> bool:
    """Take the key; False where somebody has it."""
    with context().store.session() as session:
        stale = (IdempotencyRow.job == "", IdempotencyRow.created < time.time() - STALE_AFTER)
        session.execute(delete(IdempotencyRow).where(*_is(user, key), *stale))
    try:
        with context().store.session() as session:
            session.add(IdempotencyRow(user=user, key=key, request_hash=digest, job="", created=time.time()))
    except IntegrityError:
        return False
    return True


def _replay(user: str, key: str, digest: str) -> JobRow:
    with context().store.session() as session:
        found = session.get(IdempotencyRow, (user, key))
    if found is not None and found.request_hash != digest:
        raise InvalidOptions({HEADER: ["This key was used for a different request."]})
    if found is None or not found.job:
        raise Conflict("The first request with this key is still at work.", hint="Please send it again in a moment.")
    return find_job(context(), current(), found.job)


def _forget(user: str, key: str) -> None:
    with context().store.session() as session:
        session.execute(delete(IdempotencyRow).where(*_is(user, key)))


def _is(user: str, key: str) -> tuple[Any, Any]:
    return IdempotencyRow.user == user, IdempotencyRow.key == key
