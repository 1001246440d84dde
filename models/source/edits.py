"""What can be done to a graph, as plain values that travel as JSON; edit.py does it to the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, ClassVar

from data.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One edit; ``kind`` names it in JSON."""

    kind: ClassVar[str]

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the kind."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class InsertOnEdge(Edit):
    """Put a layer or function on one edge; other uses of the same value stay as they are.

    ``op`` is a name of the palette, ``arguments`` the text of its arguments by name (None: the palette's), ``name`` the
    attribute that holds the layer (None: one is found).
    """

    kind = "insert"
    edge: str
    op: str
    arguments: Mapping[str, str] | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Delete(Edit):
    """Take a call site out: its first input goes on in its place. A layer that nothing uses any more goes as well."""

    kind = "delete"
    node: str


@dataclass(frozen=True, kw_only=True)
class Swap(Edit):
    """Another layer (or function) in the place of one; arguments that both know are kept, ``arguments`` win."""

    kind = "swap"
    node: str
    op: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SetArgument(Edit):
    """Set an argument to Python text, or take it away (None). With ``literal`` the number is changed where it is
    written, even if it reaches the layer through names."""

    kind = "set"
    node: str
    argument: str
    value: str | None
    literal: bool = False


@dataclass(frozen=True, kw_only=True)
class AddSkip(Edit):
    """Add the output of ``node`` to the value on an edge: ``x + y``."""

    kind = "skip"
    node: str
    edge: str


@dataclass(frozen=True, kw_only=True)
class Concatenate(Edit):
    """Join the output of ``node`` to the value on an edge, along ``dim``: ``torch.cat([x, y], dim=1)``."""

    kind = "concatenate"
    node: str
    edge: str
    dim: int = 1


@dataclass(frozen=True, kw_only=True)
class Duplicate(Edit):
    """A second layer or block of the same kind, with weights of its own, right after the first."""

    kind = "duplicate"
    node: str


@dataclass(frozen=True, kw_only=True)
class SetRepeat(Edit):
    """Change how often a repeated block is done."""

    kind = "repeat"
    node: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Rename(Edit):
    """Another attribute name for a layer, wherever its class uses it."""

    kind = "rename"
    node: str
    name: str


KINDS: dict[str, type[Edit]] = {
    cls.kind: cls
    for cls in (InsertOnEdge, Delete, Swap, SetArgument, AddSkip, Concatenate, Duplicate, SetRepeat, Rename)
}


def from_json(values: Mapping[str, Any]) -> Edit:
    """The edit that plain values describe. Raises UserError for an unknown kind or wrong fields."""
    cls = KINDS.get(str(values.get("kind")))
    if cls is None:
        raise UserError(
            f"There is no edit `{values.get('kind')}`.", field="kind", hint=f"Choose from {', '.join(KINDS)}."
        )
    given = {key: value for key, value in values.items() if key != "kind"}
    known = {f.name: f for f in fields(cls)}
    for name in given.keys() - known.keys():
        raise UserError(f"The edit `{cls.kind}` has no field `{name}`.", field=name)
    for name, spec in known.items():
        needed = spec.default is MISSING and spec.default_factory is MISSING
        if needed and name not in given:
            raise UserError(f"The edit `{cls.kind}` needs `{name}`.", field=name)
        if name in given and not _fits(str(spec.type), given[name]):
            raise UserError(f"`{name}` of the edit `{cls.kind}` has the wrong type.", field=name)
    return cls(**given)


def _fits(spec: str, value: Any) -> bool:
    """Whether a JSON value is of a field's type."""
    if value is None:
        return "None" in spec
    if spec.startswith("Mapping"):
        return isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair)
    kinds = {"str": str, "int": int, "bool": bool}
    return type(value) is kinds[spec.split(" ")[0]]
