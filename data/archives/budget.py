"""How much an archive may unpack to, counted while it is unpacked."""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import UserError


@dataclass(frozen=True)
class ArchiveLimits:
    """What an archive may hold at most. ``ratio`` counts once more than ``free_bytes`` were unpacked."""

    files: int = 5_000_000
    bytes: int = 500 * 10**9
    ratio: float = 200.0
    free_bytes: int = 64 << 20


@dataclass
class Budget:
    """Counts what was unpacked against the limits, by bytes really written, not by what the archive declares."""

    limits: ArchiveLimits
    packed: int
    bytes: int = 0
    entries: int = 0

    def entry(self) -> None:
        """Count a file or folder. Raises UserError above the limit."""
        self.entries += 1
        if self.entries > self.limits.files:
            raise UserError(
                f"The archive holds more than {self.limits.files:,} files.", field="file", hint="Split it into several."
            )

    def write(self, count: int) -> None:
        """Count bytes. Raises UserError above the total or the ratio."""
        self.bytes += count
        if self.bytes > self.limits.bytes:
            size = f"{self.limits.bytes / 10**9:,.0f} GB"
            raise UserError(f"The archive unpacks to more than {size}.", field="file", hint="Split it into several.")
        if self.bytes > self.limits.free_bytes and self.bytes > self.limits.ratio * self.packed:
            raise UserError(
                f"The archive unpacks to more than {self.limits.ratio:.0f} times its size; it may be made to fill the "
                "disk.",
                field="file",
                hint="If it is honest, copy the unpacked folder to the server and name that instead.",
            )
