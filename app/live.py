"""Job events to browser rooms: the only bridge. Ten times a second it reads the folders of watched jobs, no others."""

from __future__ import annotations

import logging
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import RLock
from typing import Any

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from app.auth import identify
from app.feed import Feed, Position, catch_up
from app.home_feed import HomeFeed, rooms_of
from app.security import check_host
from app.services import jobs, machine
from app.services.context import Context, NotFound, find_job
from app.slim import Refused, SocketIO, join_room, leave_room
from data.errors import UserError
from jobs import accounts
from jobs.permissions import Principal
from jobs.store import LIVE, Listing

log = logging.getLogger(__name__)

TICK = 0.1
"""Seconds between two readings of the watched jobs."""
HOME_EVERY, MACHINE_EVERY, RECHECK_EVERY = 5, 20, 50
"""Ticks between two looks at the database, two machine strips, two checks that watchers may still watch."""
HOME = "home"
JOB = "job:"
LIVE_ROWS = 200


def install(app: Flask) -> SocketIO:
    """Add the sockets to the application; ``app.extensions["socketio"]`` runs them."""
    monkey = sys.modules.get("gevent.monkey")
    patched = monkey is not None and monkey.is_module_patched("socket")
    socketio = SocketIO(app, async_mode="gevent" if patched else "threading", max_http_buffer_size=100_000)
    hub = Live(app, socketio, app.extensions["foveal"])
    app.extensions["foveal_live"] = hub
    socketio.on_event("connect", hub.connect)
    socketio.on_event("disconnect", hub.disconnect)
    socketio.on_event("join", hub.join)
    socketio.on_event("leave", hub.leave)
    return socketio


class Live:
    """Who watches what, and one loop that tells them; the loop runs while anybody watches anything."""

    def __init__(self, app: Flask, socketio: SocketIO, ctx: Context) -> None:
        self.app = app
        self.socketio = socketio
        self.ctx = ctx
        self.people: dict[str, Principal] = {}
        self.watchers: dict[str, set[str]] = defaultdict(set)
        self.feeds: dict[str, Feed] = {}
        self.home: HomeFeed | None = None
        self._lock = RLock()
        self._running = False

    # -- what browsers ask ---------------------------------------------------------------------------------------

    def connect(self, _auth: Any = None) -> None:
        """Only people who may look at pages get a socket."""
        try:
            check_host(request.host, self.ctx.settings)
            who = identify()
        except (UserError, HTTPException) as error:
            raise Refused(str(error)) from None
        if who is None:
            raise Refused("Please sign in first.")
        self.people[_sid()] = who

    def disconnect(self, _reason: Any = None) -> None:
        """The browser is gone: it watches nothing any more."""
        with self._lock:
            self.people.pop(_sid(), None)
            for room in list(self.watchers):
                self._forget(room, _sid())

    def join(self, message: Any) -> dict[str, Any]:
        """Watch a room; the answer is what the page does not know yet."""
        try:
            room = str(message["room"])
            with self._lock:
                answer = self._join_home() if room == HOME else self._join_job(room, _position(message))
        except UserError as error:
            return {"error": str(error)}
        except (AttributeError, KeyError, TypeError, ValueError):
            return {"error": 'A join names its room, such as {"room": "home"}.'}
        self._start()
        return answer

    def leave(self, message: Any) -> dict[str, Any]:
        """Watch a room no longer."""
        room = str(message.get("room")) if isinstance(message, Mapping) else ""
        for name in rooms_of(self.people[_sid()]) if room == HOME else ():
            leave_room(name)
        leave_room(room)
        with self._lock:
            self._forget(room, _sid())
        return {}

    def _join_job(self, room: str, since: Position) -> dict[str, Any]:
        """Nothing happens between reading up to a position and joining there, so updates follow without a gap."""
        if not room.startswith(JOB):
            raise NotFound(f"There is no room {room}.")
        row = find_job(self.ctx, self.people[_sid()], room.removeprefix(JOB))
        folder = self.ctx.store.folder(row.id)
        if (feed := self.feeds.get(room)) is None:
            feed = self.feeds[room] = Feed(folder)
        elif news := feed.read():
            self.socketio.emit("update", news, to=room, skip_sid=_sid())
        join_room(room)
        self.watchers[room].add(_sid())
        return catch_up(folder, since, feed.position)

    def _join_home(self) -> dict[str, Any]:
        who = self.people[_sid()]
        if self.home is None:
            self.home = HomeFeed(self.ctx.store)
            self.home.read()
        for room in (HOME, *rooms_of(who)):
            join_room(room)
        self.watchers[HOME].add(_sid())
        rows = self.ctx.store.list(Listing(statuses=LIVE, limit=LIVE_ROWS), who)
        return {"rows": [jobs.brief(row) for row in rows], "machine": machine.describe(self.ctx)}

    def _forget(self, room: str, sid: str) -> None:
        watching = self.watchers.get(room, set())
        watching.discard(sid)
        if not watching:
            self.watchers.pop(room, None)
            self.feeds.pop(room, None)
            if room == HOME:
                self.home = None

    # -- what browsers are told ----------------------------------------------------------------------------------

    def _start(self) -> None:
        with self._lock:
            if not self._running:
                self._running = True
                self.socketio.start_background_task(self._loop)

    def _loop(self) -> None:
        tick = 0
        while self._watched():
            tick += 1
            self._safely(self.tell_jobs)
            if tick % HOME_EVERY == 0:
                self._safely(self.tell_home)
            if tick % MACHINE_EVERY == 0:
                self._safely(self.tell_machine)
            if tick % RECHECK_EVERY == 0:
                self._safely(self.recheck)
            self.socketio.sleep(TICK)

    def _watched(self) -> bool:
        with self._lock:
            self._running = bool(self.watchers)
            return self._running

    def _safely(self, work: Callable[[], None]) -> None:
        """One bad folder or a locked database must not silence everybody: it is logged and tried again."""
        try:
            work()
        except Exception:
            log.exception("live updates: %s failed", work.__name__)

    def tell_jobs(self) -> None:
        """Send each watched job's news to its room."""
        for room in list(self.feeds):
            with self._lock:
                feed = self.feeds.get(room)
                if feed is not None and (news := feed.read()):
                    self.socketio.emit("update", news, to=room)

    def tell_home(self) -> None:
        """Send changed rows to those who may see them."""
        with self._lock:
            for room, news in (self.home.read() if self.home else {}).items():
                self.socketio.emit("rows", news, to=room)

    def tell_machine(self) -> None:
        """Send the machine strip to every home page."""
        if HOME in self.watchers:
            self.socketio.emit("machine", machine.describe(self.ctx), to=HOME)

    def recheck(self) -> None:
        """Take out whoever may not look any more: people locked out, and watchers of a job made private or deleted."""
        with self._lock:
            for sid in [sid for sid, who in self.people.items() if not self._still_welcome(sid, who)]:
                self.socketio.server.disconnect(sid)
            for room, sids in [(room, set(sids)) for room, sids in self.watchers.items() if room.startswith(JOB)]:
                job_id = room.removeprefix(JOB)
                for sid in [sid for sid in sids if self.ctx.store.get(job_id, self.people.get(sid)) is None]:
                    self.socketio.emit("gone", {"job": job_id}, to=sid)
                    leave_room(room, sid=sid, namespace="/")
                    self._forget(room, sid)

    def _still_welcome(self, sid: str, who: Principal) -> bool:
        """Whether the person still has an account; a change of role takes effect."""
        if self.ctx.settings.single_user:
            return True
        now = accounts.principal(self.ctx.store, who.name)
        if now is not None:
            self.people[sid] = replace(who, role=now.role)
        return now is not None


def _sid() -> str:
    sid: str = request.sid  # type: ignore[attr-defined]
    return sid


def _position(message: Mapping[str, Any]) -> Position:
    """What the page says it has. Raises ValueError or TypeError for anything else than whole numbers."""
    counts = message.get("counts") or {}
    return Position(int(message.get("seq") or 0), {str(name): int(count) for name, count in counts.items()})
