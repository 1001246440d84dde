"""Exported programs of torch.export (.pt2)."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import torch

from data.errors import UserError
from models.source.facts import Report
from models.source.traced import describe_program

LOCKED = "It comes from a program of torch.export, which has no source to edit."


def describe_program_file(path: Path) -> Report:
    """The graph of a program with the facts for the inputs that it was exported with. Raises UserError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.load(path)
    except Exception as error:
        first = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise UserError(
            f"{path.name} cannot be read as a program of torch.export: {first}.",
            field="file",
            hint=f"It must come from torch.export.save of a version that torch {torch.__version__} reads.",
        ) from error
    report = describe_program(program)
    nodes = tuple(replace(node, locked=LOCKED if node.locked else None) for node in report.graph.nodes)
    return replace(report, graph=replace(report.graph, nodes=nodes))
