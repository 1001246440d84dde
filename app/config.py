"""Settings: one typed object; defaults < config.toml < FOVEAL_* environment < command line."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from data.errors import InvalidOptions, UserError

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""Names by which only programs on this machine reach it."""


class Settings(BaseModel):
    """How this server runs. Every field can be set in config.toml (same name) or as FOVEAL_<NAME>."""

    # Pydantic leaves defaults as they are unless told: "~" would be a folder of that name where the server starts.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    host: Annotated[str, Field(description="Address to listen on; any but 127.0.0.1 needs an admin account.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on.")] = 5000
    home: Annotated[Path, Field(description="Where all state lives: database, jobs, uploads.")] = Path("~/.foveal")
    data_roots: Annotated[
        tuple[Path, ...],
        Field(
            description="Folders that jobs may read images from (':' between them); "
            "default: your home folder while only this machine can reach the server, else uploads alone."
        ),
    ] = ()
    database_url: Annotated[str | None, Field(description="SQLAlchemy URL; default: SQLite in home.")] = None
    cpu_slots: Annotated[int, Field(ge=1, description="CPU jobs at once where there is no GPU.")] = 1
    max_upload_mb: Annotated[int, Field(ge=1, description="Largest archive that may be uploaded, MB.")] = 4096
    allow_custom_code: Annotated[bool, Field(description="Members may train networks from their own source.")] = True
    url_prefix: Annotated[
        str, Field(pattern=r"^(/[\w.~-]+)*$", description='Path below which a proxy shows Foveal, such as "/foveal".')
    ] = ""
    trusted_proxies: Annotated[
        int, Field(ge=0, description="Proxies in front whose X-Forwarded headers are believed.")
    ] = 0
    allowed_hosts: Annotated[
        tuple[str, ...], Field(description="Names by which browsers may address the server (',' between them).")
    ] = ()
    public_url: Annotated[
        str,
        Field(
            pattern=r"^(https?://\S+)?$", description="Address of this server as others see it, for links in alerts."
        ),
    ] = ""
    smtp_host: Annotated[str, Field(description="Mail server for alerts; none: alerts go to webhooks only.")] = ""
    smtp_port: Annotated[int, Field(ge=1, le=65535, description="Its port.")] = 587
    smtp_security: Annotated[
        Literal["starttls", "ssl", "none"], Field(description="How the connection to it is protected.")
    ] = "starttls"
    smtp_user: Annotated[str, Field(description="Name to sign in there with; blank: nobody signs in.")] = ""
    smtp_password: Annotated[str | None, Field(description="Its password.")] = None
    smtp_from: Annotated[str, Field(description="Sender of the mails; default: smtp_user.")] = ""
    alert_private_addresses: Annotated[
        bool, Field(description="Webhooks may call addresses inside the server's own network.")
    ] = False
    alert_stall_minutes: Annotated[
        float, Field(ge=0, description="A running job that says nothing for so long is told; 0: never.")
    ] = 15.0
    secret_key: Annotated[str | None, Field(description="Signs sessions; default: kept in home/secret.")] = None

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("data_roots", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        parts = value.split(os.pathsep) if isinstance(value, str) else value
        return tuple(Path(part).expanduser().absolute() for part in parts if str(part))

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @property
    def single_user(self) -> bool:
        """Only this machine can reach the server, so nobody signs in."""
        return self.host in LOOPBACK or self.host == "::1"


def load_settings(path: Path | None = None, **given: Any) -> Settings:
    """Merge the four layers. ``given`` are command-line values; None means not given.

    Raises InvalidOptions naming the wrong settings, UserError for a config.toml that cannot be read.
    """
    file = path or Path(os.environ.get("FOVEAL_CONFIG", "config.toml"))
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (OSError, ValueError) as error:
        raise UserError(f"The settings in {file} cannot be read: {error}.") from None
    for name in Settings.model_fields:
        if (text := os.environ.get(f"FOVEAL_{name.upper()}")) is not None:
            values[name] = text
    values.update({key: value for key, value in given.items() if value is not None})
    try:
        return Settings(**values)
    except ValidationError as error:
        wrong: dict[str, list[str]] = {}
        for item in error.errors():
            wrong.setdefault(str(item["loc"][0]), []).append(item["msg"])
        raise InvalidOptions(wrong) from None
