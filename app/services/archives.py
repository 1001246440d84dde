"""A checkpoint and all that is needed to use it elsewhere, as one archive made while it is being sent."""

from __future__ import annotations

import bz2
import json
import re
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from app.services.checkpoints import checkpoint_name
from app.services.context import Context, NotFound, require
from app.services.jobs import job_of
from app.services.offload import offload_each
from app.version import VERSION
from jobs.permissions import Principal
from jobs.tables import JobRow

CHUNK = 1 << 20


@dataclass(frozen=True)
class Member:
    """One file of an archive: its name in there, and either its bytes or the file they are in."""

    name: str
    content: bytes | Path

    def size(self) -> int:
        """Bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def pieces(self) -> Iterator[bytes]:
        """The content, at most 1 MiB at a time."""
        if isinstance(self.content, bytes):
            yield self.content
            return
        with self.content.open("rb") as file:
            while piece := file.read(CHUNK):
                yield piece


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Plain:
    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


_GZIP_WBITS = 31  # zlib's largest window with a gzip header
TARS: dict[str, tuple[str, Callable[[], _Compressor]]] = {
    "tar": ("application/x-tar", _Plain),
    "tar.gz": ("application/gzip", lambda: zlib.compressobj(1, zlib.DEFLATED, _GZIP_WBITS)),
    "tgz": ("application/gzip", lambda: zlib.compressobj(1, zlib.DEFLATED, _GZIP_WBITS)),
    "tar.bz2": ("application/x-bzip2", lambda: bz2.BZ2Compressor(1)),
}
FORMATS = (*TARS, "zip")


def checkpoint_archive(
    ctx: Context, who: Principal | None, row: JobRow, checkpoint: str | None = None, format: str = "tar.gz"
) -> tuple[str, str, Iterator[bytes]]:
    """File name, MIME type and the bytes of an archive of one checkpoint (the last by default), one of FORMATS.

    It holds info.json (with DIGITS's keys), the weights, their self-description, network.py, labels.txt and the mean.
    Raises NotFound (format, checkpoint), Conflict (no checkpoint yet), NotAllowed.
    """
    require(who, "download", row)
    if format not in FORMATS:
        raise NotFound(f"Archives come as {', '.join(FORMATS)}, not as {format}.")
    name = checkpoint_name(ctx, row, checkpoint)
    members = _members(ctx, row, name)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", row.name).strip("-.") or "model"
    filename = f"{stem}_{row.id}_{name}.{format}"
    if format == "zip":
        return filename, "application/zip", offload_each(zip_bytes(members))
    mimetype, compressor = TARS[format]
    return filename, mimetype, offload_each(tar_bytes(members, compressor()))


def _members(ctx: Context, row: JobRow, name: str) -> list[Member]:
    """The files of a checkpoint. Raises NotFound where its weights are gone from the disk."""
    folder = ctx.store.folder(row.id)
    weights = folder.checkpoints / f"{name}.safetensors"
    if not weights.exists():
        raise NotFound(f"The weights of checkpoint {name} are no longer on the disk.")
    model = json.loads((folder.artifacts / "model.json").read_text(encoding="utf-8"))
    dataset = ctx.store.folder(str(model.get("dataset", ""))).artifacts
    wanted = [
        Member(weights.name, weights),
        Member(f"{name}.json", weights.with_suffix(".json")),
        Member("model.json", folder.artifacts / "model.json"),
        Member("network.py", folder.artifacts / "network.py"),
        Member("labels.txt", "".join(f"{label}\n" for label in model["classes"]).encode()),
        Member("mean.npy", _first(folder.artifacts / "mean.npy", dataset / "mean.npy")),
        Member("mean.png", _first(folder.artifacts / "mean.png", dataset / "mean.png")),
    ]
    present = [member for member in wanted if isinstance(member.content, bytes) or member.content.exists()]
    info = _info(ctx, row, name, model, {member.name for member in present})
    return [Member("info.json", json.dumps(info, indent=2).encode()), *present]


def _first(*paths: Path) -> Path:
    return next((path for path in paths if path.exists()), paths[-1])


def _info(ctx: Context, row: JobRow, name: str, model: dict[str, Any], present: set[str]) -> dict[str, Any]:
    """info.json: DIGITS's keys, spaces and all, so that scripts that unpack its archives find their way."""
    options = job_of(ctx, row).options
    preprocessing = model.get("preprocessing", {})
    return {
        "name": row.name,
        "job id": row.id,
        "creation time": time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(row.created)),
        "username": row.owner,
        "dataset_id": model.get("dataset"),
        "framework": "pytorch",
        "network": options.get("network"),
        "image dimensions": [model["height"], model["width"], model["channels"]],
        "image resize mode": preprocessing.get("resize_mode", model.get("resize_mode")),
        "mean subtraction": preprocessing.get("mean"),
        "snapshot file": f"{name}.safetensors",
        "model file": "network.py",
        "labels file": "labels.txt",
        "mean file": "mean.npy" if "mean.npy" in present else None,
        "preprocessing": preprocessing,
        "foveal version": VERSION,
    }


# -- the containers ----------------------------------------------------------------------------------------------


def tar_bytes(members: list[Member], compressor: _Compressor) -> Iterator[bytes]:
    """A tar (POSIX pax) of the members, compressed, a piece at a time; nothing is held in memory as a whole."""
    for member in members:
        info = tarfile.TarInfo(member.name)
        info.size, info.mtime, info.mode = member.size(), int(time.time()), 0o644
        yield compressor.compress(info.tobuf(tarfile.PAX_FORMAT))
        for piece in member.pieces():
            yield compressor.compress(piece)
        yield compressor.compress(b"\0" * (-info.size % tarfile.BLOCKSIZE))
    yield compressor.compress(b"\0" * (2 * tarfile.BLOCKSIZE)) + compressor.flush()


def zip_bytes(members: list[Member]) -> Iterator[bytes]:
    """A zip of the members, a piece at a time."""
    sink = Sink()
    with zipfile.ZipFile(cast(BinaryIO, sink), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for member in members:
            entry = zipfile.ZipInfo(member.name, time.localtime()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.file_size = member.size()
            with archive.open(entry, "w") as file:
                for piece in member.pieces():
                    file.write(piece)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


class Sink:
    """A file that can only be written to and emptied; zipfile then writes as to a pipe."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.held = 0

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._parts.append(bytes(data))
        self.held += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def take(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts, self.held = self._parts, [], 0
        return b"".join(parts)
