"""Options dataclasses: one frozen dataclass per thing gives its form, validation, REST schema and help.

A field is written ``width: Annotated[int, option("Width", "Pixels.", ge=1, le=8192, unit="px")] = 256``.
Pydantic validates (form strings are coerced: "28" is 28) and makes the JSON schema.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import Field, TypeAdapter, ValidationError

from data.errors import InvalidOptions

T = TypeVar("T")


def option(
    title: str,
    help: str = "",
    *,
    unit: str | None = None,
    group: str | None = None,
    advanced: bool = False,
    show_if: dict[str, list[Any]] | None = None,
    widget: str | None = None,
    labels: dict[str, str] | None = None,
    **limits: Any,
) -> Any:
    """Describe one option: its label, one-sentence help, limits (``ge``, ``le``, ``min_length`` ...) and form hints.

    ``group`` names the fieldset, ``advanced`` folds it away, ``show_if`` maps another field to the values for which
    this one is shown, ``widget`` overrides the input chosen from the type ("textarea", "path", "code", "hidden"),
    ``labels`` gives the words shown for each choice of a Literal.
    """
    hints = {
        "unit": unit,
        "group": group,
        "advanced": advanced or None,
        "show_if": show_if,
        "widget": widget,
        "labels": labels,
    }
    extra: dict[str, Any] = {key: value for key, value in hints.items() if value is not None}
    return Field(title=title, description=help or None, json_schema_extra=extra or None, **limits)


@lru_cache(maxsize=256)
def _adapter(cls: Any) -> TypeAdapter[Any]:
    return TypeAdapter(cls)


def schema(cls: type) -> dict[str, Any]:
    """JSON schema (draft 2020-12) of an options dataclass, with the form hints of :func:`option` beside each field."""
    return _adapter(cls).json_schema()


def parse(cls: type[T], values: Mapping[str, Any]) -> T:
    """Validate ``values`` into ``cls``; blank strings mean "not given". Raises InvalidOptions naming each bad field."""
    given = {key: value for key, value in values.items() if not (isinstance(value, str) and value.strip() == "")}
    for name, choices in _choices(cast("Hashable", cls)).items():
        if isinstance(given.get(name), str):
            given[name] = choices.get(given[name].strip(), given[name])
    try:
        options: T = _adapter(cast("Hashable", cls)).validate_python(given)
    except ValidationError as error:
        fields: dict[str, list[str]] = {}
        for item in error.errors():
            name = str(item["loc"][0]) if item["loc"] else "options"
            fields.setdefault(name, []).append(item["msg"].removeprefix("Value error, "))
        raise InvalidOptions(fields) from None
    if impossible := {key: [words] for key, value in vars(options).items() if (words := _impossible(value))}:
        raise InvalidOptions(impossible)
    return options


@lru_cache(maxsize=256)
def _choices(cls: Hashable) -> dict[str, dict[str, Any]]:
    """For each field of a few numbers, the number that a text means; pydantic does not read "1" as Literal[1]."""
    properties = _adapter(cls).json_schema()["properties"]
    numbers = {name: [v for v in spec.get("enum", ()) if not isinstance(v, str)] for name, spec in properties.items()}
    return {name: {str(value): value for value in values} for name, values in numbers.items() if values}


def _impossible(value: Any) -> str:
    """Why a value of the right type can neither be stored nor computed with; "" where it can."""
    if isinstance(value, float) and not math.isfinite(value):
        return "Input should be a finite number"
    return "Input should not contain a NUL character" if isinstance(value, str) and "\0" in value else ""


def plain(options: Any) -> dict[str, Any]:
    """The dataclass as JSON-ready plain values; ``parse(cls, plain(x)) == x``."""
    return asdict(options)
