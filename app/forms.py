"""Forms made from an options dataclass: fields with label, help, unit, limits, groups, conditions, values, errors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data.options import schema

ELSEWHERE = ("vary-", "search-")
_LIMITS = {"minimum": "min", "maximum": "max", "exclusiveMinimum": "min", "exclusiveMaximum": "max"}


@dataclass(frozen=True)
class Field:
    """One input. ``kind`` is number, integer, text, select, switch, or the widget that the option names."""

    name: str
    label: str
    kind: str
    value: Any = ""
    help: str = ""
    unit: str = ""
    required: bool = False
    advanced: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    limits: Mapping[str, str] = field(default_factory=dict)
    show_if: str = ""  # JSON {"other field": ["values", ...]} for the script that hides it
    errors: Sequence[str] = ()
    placeholder: str = ""

    @property
    def text(self) -> str:
        """The value as the browser wants it: 256, not 256.0; empty for None."""
        return _text(self.value)


@dataclass(frozen=True)
class Group:
    """A fieldset; ``folded`` are its advanced fields, opened at once where one of them is wrong or was changed."""

    title: str
    plain: tuple[Field, ...]
    folded: tuple[Field, ...]
    open: bool


def fields(
    cls: type, values: Mapping[str, Any] | None = None, errors: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Field]:
    """The fields of an options dataclass by name, holding ``values`` (what was typed, or a clone's) else defaults."""
    described = schema(cls)
    required = described.get("required", ())
    made = {}
    for name, spec in described["properties"].items():
        given = (values or {}).get(name, spec.get("default", ""))
        made[name] = _field(name, spec, given, name in required, tuple((errors or {}).get(name, ())))
    return made


def groups(cls: type, made: Mapping[str, Field], skip: Sequence[str] = ()) -> list[Group]:
    """Fieldsets in the order in which the dataclass names them."""
    named: dict[str, list[Field]] = {}
    properties = schema(cls)["properties"]
    for name, item in made.items():
        if name not in skip:
            named.setdefault(properties[name].get("group", ""), []).append(item)
    return [_group(title, items, properties) for title, items in named.items()]


def posted(form: Mapping[str, Any]) -> dict[str, str]:
    """What a form sent, last value of each name (a switch sends "false" and then perhaps "true").

    What the card of a sweep asks for (ELSEWHERE) is no option of a model: app/pages/sweeps.py reads it.
    """
    getlist = getattr(form, "getlist", None)
    return {name: getlist(name)[-1] if getlist else form[name] for name in form if not name.startswith(ELSEWHERE)}


def _group(title: str, items: list[Field], properties: Mapping[str, Any]) -> Group:
    folded = tuple(item for item in items if item.advanced)
    touched = any(item.errors or item.text != _text(properties[item.name].get("default")) for item in folded)
    return Group(title, tuple(item for item in items if not item.advanced), folded, touched)


def _field(name: str, spec: Mapping[str, Any], value: Any, required: bool, errors: tuple[str, ...]) -> Field:
    core = _core(spec)
    choices = _choices(spec, core)
    show_if = {key: [_text(item) for item in allowed] for key, allowed in spec.get("show_if", {}).items()}
    return Field(
        name=name,
        label=spec.get("title", name),
        kind=spec.get("widget") or _kind(core, choices),
        value=value,
        help=spec.get("description", ""),
        unit=spec.get("unit", ""),
        required=required,
        advanced=bool(spec.get("advanced")),
        choices=choices,
        limits=_limits(core),
        show_if=json.dumps(show_if) if show_if else "",
        errors=errors,
        placeholder=spec.get("placeholder", ""),
    )


def _core(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of the value itself where it may also be null."""
    for option in spec.get("anyOf", ()):
        if option.get("type") != "null":
            return {**spec, **option}
    return spec


def _choices(spec: Mapping[str, Any], core: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    labels = spec.get("labels", {})
    values = core.get("enum") or list(labels)
    return tuple((_text(value), labels.get(_text(value), _text(value))) for value in values)


def _kind(core: Mapping[str, Any], choices: tuple[tuple[str, str], ...]) -> str:
    if choices:
        return "select"
    kinds = {"integer": "integer", "number": "number", "boolean": "switch"}
    return kinds.get(core.get("type", ""), "text")


def _limits(core: Mapping[str, Any]) -> dict[str, str]:
    limits = {html: _text(core[key]) for key, html in _LIMITS.items() if key in core}
    if core.get("type") == "number":
        limits["step"] = "any"
    if "pattern" in core:
        limits["pattern"] = core["pattern"].removeprefix("^").removesuffix("$")
    return limits


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
