"""Replacing a file as a whole: written aside, flushed to the disk, then renamed; readers see the old or the new one."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Replace ``path`` as a whole by ``value`` as JSON. Raises ValueError for NaN, OSError naming the path."""
    write_whole(path, json.dumps(value, indent=1, allow_nan=False).encode())


def write_whole(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace ``path`` as a whole by ``content``, flushed to the disk if ``durable``. Raises OSError naming it."""
    make_whole(path, lambda aside: aside.write_bytes(content), durable=durable)


def make_whole(path: Path, make: Callable[[Path], object], *, durable: bool = True) -> int:
    """Let ``make`` write the file aside, then put it in place. Returns its bytes. Raises OSError naming ``path``."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        make(aside)
        if durable:
            with aside.open("rb+") as file:
                os.fsync(file.fileno())
        size = aside.stat().st_size
        aside.replace(path)
    except OSError as error:
        raise naming(path, error) from error
    finally:
        aside.unlink(missing_ok=True)
    return size


def naming(path: Path, error: OSError) -> OSError:
    """The same error with the path in it (a plain ``write`` would not say which file it was)."""
    return OSError(error.errno or errno.EIO, error.strerror or str(error), str(path))
