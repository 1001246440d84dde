"""The database tables: what is filtered and joined. Everything heavy stays in the job folders."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables; constraint names are fixed so that SQLite migrations can drop them later."""

    metadata = MetaData(naming_convention=NAMING)


class JobRow(Base):
    """A job as lists show it. A cache of job.json and of the folded events, except name, notes, group and requests."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(None, "type", "created"),
        Index(None, "status", "created"),
        Index(None, "type", "name"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    type: Mapped[str] = mapped_column(String(20))
    task: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(500))
    owner: Mapped[str | None] = mapped_column(String(80), index=True)
    group: Mapped[str] = mapped_column("group_name", String(200), default="")
    visibility: Mapped[str] = mapped_column(String(10), default="lab")  # "lab": all who sign in; "private": owner
    notes: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[str] = mapped_column(String(1100), default="", server_default="")  # jobs/label.py: join_tags
    status: Mapped[str] = mapped_column(String(12), default="Initialized")
    reason: Mapped[str] = mapped_column(Text, default="")
    error: Mapped[str] = mapped_column(Text, default="")
    broken: Mapped[str] = mapped_column(Text, default="")  # why the folder cannot be read; "" when it can
    fraction: Mapped[float] = mapped_column(Float, default=0.0)
    eta: Mapped[float | None] = mapped_column(Float)  # seconds left
    summary: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # few numbers and a sparkline for lists
    gpus: Mapped[list[int]] = mapped_column(JSON, default=list)  # indices held while Running
    priority: Mapped[int] = mapped_column(Integer, default=0)
    created: Mapped[float] = mapped_column(Float)
    started: Mapped[float | None] = mapped_column(Float)
    finished: Mapped[float | None] = mapped_column(Float)
    abort_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    delete_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    resume_requested: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class ParentRow(Base):
    """``child`` needs ``parent`` to be Done first (a model needs its dataset)."""

    __tablename__ = "job_parents"

    child: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    parent: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)


class UserRow(Base):
    """A person. ``role`` is admin, member or viewer; the password is an argon2id hash."""

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    role: Mapped[str] = mapped_column(String(10))
    password_hash: Mapped[str] = mapped_column(String(200))
    created: Mapped[float] = mapped_column(Float)
    disabled: Mapped[bool] = mapped_column(Boolean, default=False)


class TokenRow(Base):
    """A bearer token; only its SHA-256 is kept. ``scope`` is read, write or admin."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(10))
    created: Mapped[float] = mapped_column(Float)
    expires: Mapped[float | None] = mapped_column(Float)
    last_used: Mapped[float | None] = mapped_column(Float)


class IdempotencyRow(Base):
    """The answer once given to an Idempotency-Key, so that a repeated create makes nothing twice."""

    __tablename__ = "idempotency"

    user: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    job: Mapped[str] = mapped_column(String(40))
    created: Mapped[float] = mapped_column(Float)


class AlertChannelRow(Base):
    """Where a person wants to be told: a webhook's address (a secret: whoever has it may post there) or a mailbox."""

    __tablename__ = "alert_channels"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user: Mapped[str] = mapped_column(String(80), index=True)  # no key: with a single user there is no row of users
    kind: Mapped[str] = mapped_column(String(10))  # webhook, slack, discord, email
    title: Mapped[str] = mapped_column(String(200))
    target: Mapped[str] = mapped_column(String(2000))
    events: Mapped[str] = mapped_column(String(200))  # of jobs/alerts/rules.py EVENTS, with commas
    every_job: Mapped[bool] = mapped_column(Boolean, default=True)  # of one's own; else those asked for alone
    problem: Mapped[str] = mapped_column(Text, default="")  # why the last delivery failed, "" where it did not
    created: Mapped[float] = mapped_column(Float)


class AlertWishRow(Base):
    """Somebody wants to be told of a job, or not, whatever the channels say of jobs in general."""

    __tablename__ = "alert_wishes"

    job: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    user: Mapped[str] = mapped_column(String(80), primary_key=True)
    wanted: Mapped[bool] = mapped_column(Boolean)


class AlertRow(Base):
    """A message to be sent, or sent. What happened once (``job``, ``event``, ``occasion``) goes once to a channel."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("channel", "job", "event", "occasion"),
        Index(None, "state", "due"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    channel: Mapped[int] = mapped_column(ForeignKey("alert_channels.id", ondelete="CASCADE"))
    job: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(20))
    occasion: Mapped[str] = mapped_column(String(40))
    message: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, sending, sent, failed
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due: Mapped[float] = mapped_column(Float)
    created: Mapped[float] = mapped_column(Float)
    sent: Mapped[float | None] = mapped_column(Float)
    problem: Mapped[str] = mapped_column(Text, default="")
