"""The palette says what PyTorch says: every name, order and default, and every entry can be built as it is inserted."""

from __future__ import annotations

import ast
import inspect

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from models.source.palette import PaletteEntry, documentation, find, palette, positions, search

ENTRIES = [pytest.param(entry, id=entry.op) for entry in palette()]
LAYERS = [pytest.param(entry, id=entry.op) for entry in palette() if entry.layer]
INSERTED = [pytest.param(entry, id=entry.op) for entry in palette() if entry.initial is not None]
SHAPES = {
    1: ("Conv1d", "BatchNorm1d", "MaxPool1d", "AdaptiveAvgPool1d", "Dropout1d", "TransformerEncoderLayer"),
    3: ("Conv3d", "BatchNorm3d", "MaxPool3d"),
}


def _namespace(op: str) -> object:
    head, name = op.split(".")
    return getattr({"nn": nn, "F": F, "torch": torch}[head], name)


@pytest.mark.parametrize("entry", LAYERS)
def test_arguments_are_those_of_torch(entry: PaletteEntry) -> None:
    """By name, order and default; device, dtype and private ones are left out."""
    if entry.title in ("LSTM", "GRU"):
        layer = getattr(nn, entry.title)(3, 4)
        assert all(hasattr(layer, argument.name) for argument in entry.arguments)
        return
    parameters = list(inspect.signature(getattr(nn, entry.title).__init__).parameters.values())[1:]
    theirs = [p for p in parameters if p.name not in ("device", "dtype") and not p.name.startswith("_")]
    theirs = [p for p in theirs if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    theirs = [p for p in theirs if not (entry.title == "Hardtanh" and p.name in ("min_value", "max_value"))]
    ours = list(entry.arguments)
    if len(ours) < len(theirs):  # a newer torch may have more at the end
        theirs = theirs[: len(ours)]
    for mine, their in zip(ours, theirs, strict=False):
        assert mine.name == their.name
        if callable(their.default) and their.default is not their.empty:
            continue
        default = None if their.default is their.empty else repr(their.default)
        assert mine.default == default, mine.name


@pytest.mark.parametrize("entry", [p for p in ENTRIES if p.values[0].op.startswith("F.")])  # type: ignore[attr-defined]
def test_functions_take_their_arguments(entry: PaletteEntry) -> None:
    try:
        known = set(inspect.signature(_namespace(entry.op)).parameters)  # type: ignore[arg-type]
    except ValueError:
        known = set()
    if not known or known & {"args", "kwargs"}:
        assert all(argument.name in documentation(entry.op) for argument in entry.arguments)
    else:
        assert {argument.name for argument in entry.arguments} <= known


@pytest.mark.parametrize("entry", INSERTED)
def test_every_entry_works_as_it_is_put_on_an_edge(entry: PaletteEntry) -> None:
    dims = next((d for d, names in SHAPES.items() if entry.title in names), 2)
    shape = (2, 8, 8) if entry.title == "TransformerEncoderLayer" else (2, 8, *[8] * dims)
    value = torch.rand(shape)
    text = entry.call(8)
    if entry.title == "BatchNorm1d":
        value = torch.rand(2, 8)
    if entry.layer:
        assert isinstance(eval(f"nn.{entry.title}({text})")(value), torch.Tensor)
    else:
        rest = f", {text}" if text else ""
        call = f"{entry.op}(value{rest})".replace("self.training", "True")
        assert isinstance(eval(call), torch.Tensor)


@pytest.mark.parametrize("entry", ENTRIES)
def test_entries_are_described(entry: PaletteEntry) -> None:
    assert entry.summary.endswith(".")
    assert entry.group
    assert all(
        argument.default is None or ast.literal_eval(argument.default) is not Ellipsis for argument in entry.arguments
    )
    assert len(documentation(entry.op)) > 20


def test_search_finds_by_name_and_by_purpose() -> None:
    assert search("conv")[0].op == "nn.Conv2d"
    assert "nn.Dropout" in {entry.op for entry in search("random zero")}
    assert search("no such layer") == ()
    assert len(search("")) == len(palette())


def test_positions_name_arguments_by_place() -> None:
    assert positions("nn.Linear") == ["in_features", "out_features", "bias"]
    assert positions("my.Own") == []
    entry = find("nn.Conv2d")
    assert entry is not None
    assert entry.call(64) == "64, 64, kernel_size=3, padding=1"
    assert {argument.type for argument in entry.arguments} >= {"int", "size", "bool", "choice", "size/text"}
