"""What the sender of alerts must know of the server's settings; the web leaves it in ``home/run/alerts.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

FILE = Path("run") / "alerts.json"


@dataclass(frozen=True)
class AlertSettings:
    """Fields as the settings of the same names (docs/settings.md)."""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_from: str = ""
    public_url: str = ""
    alert_private_addresses: bool = False
    alert_stall_minutes: float = 15.0

    def write(self, home: Path) -> None:
        """Leave them where the scheduler finds them; nobody but this system user may read the file. Raises OSError."""
        path = home / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file)
        aside.replace(path)

    @classmethod
    def read(cls, home: Path) -> AlertSettings:
        """Those that were left, the defaults where there are none or where they cannot be read."""
        try:
            found = json.loads((home / FILE).read_text())
        except (OSError, ValueError):
            return cls()
        return cls.of(found if isinstance(found, Mapping) else {})

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> AlertSettings:
        """From a mapping with other things in it; None is the default."""
        names = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in names and value is not None})
