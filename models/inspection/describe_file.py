"""Describes network files of other programs for the web."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models.foreign.files import describe_file as describe
from models.source.text import Source


def describe_file(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """``{file}`` -> the report as JSON, with its graph, as ``describe_network`` gives it. Raises UserError."""
    return describe(Path(params["file"])).as_json(Source("")), []
