"""Archives made while they are sent: whole for every reader, and never in memory as a whole."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from app.services.archives import CHUNK, TARS, Member, tar_bytes, zip_bytes


@pytest.fixture
def members(tmp_path: Path) -> list[Member]:
    """A small text, an empty file, a file of odd size beyond two pieces, and a name that is not ASCII."""
    (tmp_path / "big").write_bytes(os.urandom(2 * CHUNK + 513))
    return [
        Member("info.json", b"{}"),
        Member("empty", b""),
        Member("weights.safetensors", tmp_path / "big"),
        Member("Gewichte-\u00e4\u00f6\u00fc-" + 120 * "x" + ".txt", b"long name"),
    ]


@pytest.mark.parametrize("kind", TARS)
def test_tars_are_read_back(members: list[Member], kind: str) -> None:
    data = b"".join(tar_bytes(members, TARS[kind][1]()))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == [member.name for member in members]
        for member in members:
            assert archive.extractfile(member.name).read() == b"".join(member.pieces())


def test_zips_are_read_back(members: list[Member]) -> None:
    with zipfile.ZipFile(io.BytesIO(b"".join(zip_bytes(members)))) as archive:
        assert archive.testzip() is None
        for member in members:
            assert archive.read(member.name) == b"".join(member.pieces())


def test_pieces_stay_small(members: list[Member]) -> None:
    for pieces in (tar_bytes(members, TARS["tar"][1]()), zip_bytes(members)):
        assert max(map(len, pieces)) < 2 * CHUNK
