"""Which tensors of some weights fit which of a network, told from names and shapes alone. Free of torch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]
Status = Literal["taken", "anew", "missing", "unused"]
SHARE_BY_NAME = 0.5
"""Where fewer of the network's tensors than this share are found by name, their order is looked at too."""
COUNTER = "num_batches_tracked"
"""Batch normalization counts batches; old files have no such count, and nothing is learnt in it."""


@dataclass(frozen=True)
class Row:
    """One line of the table. ``name`` is the network's tensor, ``given`` that of the weights (None: there is none).

    taken: its values are used. anew: there are values, but they do not fit, or mean other classes. missing: the weights
    have none. unused: only the weights have it.
    """

    name: str | None
    given: str | None
    status: Status
    reason: str = ""
    shape: Shape | None = None
    given_shape: Shape | None = None


@dataclass(frozen=True)
class Match:
    """The whole table, in the order of the network. ``how``: found by name, or by the order of the layers."""

    rows: tuple[Row, ...]
    how: Literal["name", "order"] = "name"

    @cached_property
    def pairs(self) -> dict[str, str]:
        """The network's tensor -> the one of the weights that fills it."""
        return {row.name: row.given for row in self.rows if row.status == "taken" and row.name and row.given}

    @property
    def strict(self) -> bool:
        """Whether every tensor of both sides is used, as ``load_state_dict(strict=True)`` wants it."""
        return all(row.status == "taken" for row in self.rows)

    def of(self, status: Status) -> list[Row]:
        """The rows of one status."""
        return [row for row in self.rows if row.status == status]

    def as_json(self) -> dict[str, Any]:
        """``{how, strict, counts: {status: n}, rows}`` of plain values."""
        counts = {status: len(self.of(status)) for status in ("taken", "anew", "missing", "unused")}
        return {"how": self.how, "strict": self.strict, "counts": counts, "rows": [asdict(row) for row in self.rows]}


def match(own: Shapes, given: Shapes, *, classifier: Collection[str] = (), other_classes: bool = False) -> Match:
    """Compare a network's tensors with those of some weights.

    Names are compared without what is in front of all of them ("module.", "backbone."). Where that finds little, but
    both are the same layers in the same order, shape by shape, the order decides: torchvision's layer1.0.conv1 is then
    stage1.0.conv1. ``classifier`` are the network's tensors whose shape follows from the number of classes;
    ``other_classes`` says that the weights' classes are not the network's even where their number is.
    """
    by_name = _by_name(own, given)
    fitting = sum(own[name] == given[other] for name, other in by_name.items())
    how: Literal["name", "order"] = "name"
    if fitting < SHARE_BY_NAME * len(own) and (by_order := _by_order(own, given, classifier)):
        by_name, how = by_order, "order"
    rows = [_row(name, own, given, by_name.get(name), name in classifier, other_classes) for name in own]
    used = set(by_name.values())
    unused = [Row(None, name, "unused", "The network has no such tensor.", None, given[name]) for name in given]
    left = [row for row in unused if row.given not in used and not str(row.given).endswith(COUNTER)]
    return Match((*rows, *left), how)


def _row(name: str, own: Shapes, given: Shapes, other: str | None, last: bool, other_classes: bool) -> Row:
    if other is None and name.endswith(COUNTER):
        return Row(name, None, "missing", "Older files do not count batches; it starts at 0.", own[name])
    if other is None:
        return Row(name, None, "missing", "The weights have no such tensor: it starts at random.", own[name])
    if own[name] != given[other]:
        return Row(name, other, "anew", _difference(own[name], given[other], last), own[name], given[other])
    if last and other_classes:
        reason = "It tells other classes apart: it starts at random."
        return Row(name, other, "anew", reason, own[name], given[other])
    return Row(name, other, "taken", "" if name == other else "Another name.", own[name], given[other])


def _difference(own: Shape, given: Shape, last: bool) -> str:
    if last and own and given and len(own) == len(given):
        return f"Made for {given[0]} classes, here are {own[0]}: it starts at random."
    if len(own) == len(given) == 4 and own[:1] + own[2:] == given[:1] + given[2:]:
        return f"It reads {given[1]} channels, this network {own[1]}: it starts at random."
    return f"Its shape is {told(given)}, this network's {told(own)}: it starts at random."


def told(shape: Shape) -> str:
    """64x3x7x7; a single number has no shape."""
    return "x".join(map(str, shape)) or "one number"


def _by_name(own: Shapes, given: Shapes) -> dict[str, str]:
    """The pairs of names, with whatever stands in front on one side left out, if more fit that way."""
    best: dict[str, str] = {}
    score = -1
    for mine in ("", *_fronts(own)):
        for theirs in ("", *_fronts(given)):
            known = {name.removeprefix(theirs): name for name in given if name.startswith(theirs)}
            pairs = {name: known[rest] for name in own if (rest := name.removeprefix(mine)) in known}
            fits = sum(own[name] == given[other] for name, other in pairs.items())
            if fits > score:
                best, score = pairs, fits
    return best


def _fronts(names: Iterable[str]) -> Iterator[str]:
    """What at least half of all names begin with: "module.", "module.model." ..."""
    names = list(names)
    front = ""
    while True:
        counts: dict[str, int] = {}
        for name in names:
            head, dot, _ = name[len(front) :].partition(".")
            if dot and name.startswith(front):
                counts[front + head + "."] = counts.get(front + head + ".", 0) + 1
        usual = [head for head, count in counts.items() if 2 * count >= len(names)]
        if not usual:
            return
        front = max(usual, key=lambda head: counts[head])
        yield front


def _by_order(own: Shapes, given: Shapes, classifier: Collection[str]) -> dict[str, str]:
    """The pairs where both lists are the same kinds and shapes one by one, the classifier's shapes apart; else none.

    Being strict here is what makes it safe: one layer more, or one shape that differs, and nothing is taken.
    """
    mine, theirs = list(own), list(given)
    if len(mine) != len(theirs):
        mine, theirs = ([name for name in names if not name.endswith(COUNTER)] for names in (own, given))
    if len(mine) != len(theirs):
        return {}
    for name, other in zip(mine, theirs, strict=True):
        same = own[name] == given[other] or (name in classifier and len(own[name]) == len(given[other]))
        if not same or name.rsplit(".", 1)[-1] != other.rsplit(".", 1)[-1]:
            return {}
    return dict(zip(mine, theirs, strict=True))
