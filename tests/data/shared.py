"""Where the tests find the real data beside the repository; they skip where it is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.archives import unpack

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared_archive(name: str) -> Path:
    """An archive of real data, or a skip that says what is missing."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here (real data, kept outside the repository)")
    return path


def messy_folder(place: Path) -> Path:
    """The collection of odd and damaged images, unpacked below ``place``."""
    unpack(shared_archive("messy.tar.gz"), place / "files")
    return place / "files" / "messy"
