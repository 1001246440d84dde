"""Describes an uploaded network file; for inspectors only: libraries parse what strangers wrote."""

from __future__ import annotations

from pathlib import Path

from data.errors import UserError
from models.source.facts import Report

PROGRAMS, ONNX = (".pt2",), (".onnx",)
ENDINGS = (*PROGRAMS, *ONNX)
LARGEST = 2_000_000_000
"""Bytes; a protocol buffer holds no more, and a program is read whole."""


def describe_file(path: Path) -> Report:
    """The graph of a file with the facts of every node. Raises UserError(field="file") where it cannot be read."""
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UserError(f"{path.name} is no network file: its name must end in {' or '.join(ENDINGS)}.", field="file")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UserError(f"{path.name} cannot be read: {error.strerror or error}.", field="file") from error
    if size > LARGEST:
        raise UserError(f"{path.name} is larger than 2 GB, the most that is drawn.", field="file")
    if ending in ONNX:
        from models.foreign.onnx_file import describe_onnx

        return describe_onnx(path)
    from models.foreign.program import describe_program_file

    return describe_program_file(path)
