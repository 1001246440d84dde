"""What a sweep varies: the values or the range of each option, read from texts or JSON and checked. Free of torch."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from data.errors import InvalidOptions, UserError
from data.options import parse, schema
from models.train_options import TrainOptions

FIXED = frozenset({"dataset", "source", "start_from", "start_checkpoint", "weights_file", "gpu", "gpus", "evaluate"})
"""Options that are the same for all models of a sweep: what is compared must learn from the same images."""
DECADES = 20.0
"""A range from a number above zero to so many times as much, or more, is searched by its logarithm."""
MOST_VALUES = 1000
RANGE = re.compile(r"^\s*(\S+?)\s*(?:\.\.\.?|…|\bto\b)\s*(\S+)(?:\s+(log|linear))?\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Choices:
    """One of a few values, in the order in which they were given."""

    values: tuple[Any, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; :func:`read` gives it back."""
        return {"choices": list(self.values)}

    @property
    def ends(self) -> tuple[Any, ...]:
        """What must be possible for all of it to be so."""
        return self.values


@dataclass(frozen=True)
class Range:
    """Any number from ``low`` to ``high``, both among them; ``whole``: whole numbers only; ``log``: evenly by the
    logarithm, as suits what works by factors (a learning rate)."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; :func:`read` gives it back."""
        return {"from": self.low, "to": self.high, "scale": "log" if self.log else "linear"}

    @property
    def ends(self) -> tuple[Any, ...]:
        """What must be possible for all of it to be so."""
        return (self.low, self.high)


Space = dict[str, Choices | Range]
"""What is varied, by the name of the option."""


def read_space(given: Mapping[str, Any], *, ranges: bool) -> Space:
    """Options that are varied, from texts ("0.1, 0.01"; "0.0001 .. 0.1"), lists, or {"from","to","scale"}.

    Blank ones are left out. Raises InvalidOptions naming every option that is none, or whose values make no sense;
    without ``ranges`` only lists of values do.
    """
    space: Space = {}
    wrong: dict[str, list[str]] = {}
    for name, value in given.items():
        if (
            value is None
            or (isinstance(value, str | list) and not value)
            or (isinstance(value, str) and value.isspace())
        ):
            continue
        try:
            space[name] = read(name, value, ranges=ranges)
        except UserError as error:
            wrong[name] = [str(error)]
    if wrong:
        raise InvalidOptions(wrong)
    return space


def read(name: str, value: Any, *, ranges: bool) -> Choices | Range:
    """The values of one option. Raises UserError in words."""
    options = schema(TrainOptions)["properties"]
    if name not in options or name in FIXED:
        raise UserError(f"{name} cannot be varied: it is no option of a training, or is the same for a whole sweep.")
    found = _range(value, whole=_is_whole(options[name]))
    if found is None:
        return _choices(value)
    if not ranges:
        raise UserError("A range is for a search; to train every combination, list the values with commas.")
    if not _is_number(options[name]):
        raise UserError("This option is no number: list its values with commas.")
    return found


def combinations(space: Mapping[str, Choices | Range]) -> list[dict[str, Any]]:
    """Every combination of the values, the last option changing fastest. Ranges have none: ValueError."""
    lists = []
    for name, values in space.items():
        if isinstance(values, Range):
            raise ValueError(f"{name} is a range")
        lists.append(values.values)
    return [dict(zip(space, values, strict=True)) for values in product(*lists)]


def count(space: Mapping[str, Choices | Range]) -> int:
    """How many combinations there are, without making them; ranges count as one."""
    return math.prod(len(values.values) for values in space.values() if isinstance(values, Choices))


def check_values(space: Mapping[str, Choices | Range], base: Mapping[str, Any]) -> None:
    """Raise InvalidOptions naming the varied options one of whose values no training could have."""
    wrong: dict[str, list[str]] = {}
    for name, values in space.items():
        said = {words: None for end in values.ends for words in _refused(name, end, base)}
        if said:
            wrong[name] = [*said]
    if wrong:
        raise InvalidOptions(wrong)


def _refused(name: str, value: Any, base: Mapping[str, Any]) -> Iterator[str]:
    try:
        parse(TrainOptions, {**base, "dataset": base.get("dataset") or "-", name: value})
    except InvalidOptions as error:
        for words in error.fields.get(name, ()):
            yield f"{value}: {words}"


def _range(value: Any, *, whole: bool) -> Range | None:
    """The range that a text or a mapping means; None where it is a list of values. Raises UserError."""
    if isinstance(value, Mapping) and "choices" not in value:
        if not {"from", "to"} <= value.keys() <= {"from", "to", "scale"} or value.get("scale") not in (
            None,
            "log",
            "linear",
        ):
            raise UserError('A range is {"from": 0.001, "to": 0.1}, perhaps with "scale": "log" or "linear".')
        low, high, scale = value["from"], value["to"], value.get("scale")
    elif isinstance(value, str) and (found := RANGE.match(value)):
        low, high, scale = found.groups()
    else:
        return None
    return _checked_range(_number(low), _number(high), (scale or "").lower(), whole=whole)


def _checked_range(low: float, high: float, scale: str, *, whole: bool) -> Range:
    if not low < high:
        raise UserError(f"A range goes from a smaller to a larger number, not from {low:g} to {high:g}.")
    if whole and not (low.is_integer() and high.is_integer()):
        raise UserError("This option takes whole numbers only.")
    if scale == "log" and low <= 0:
        raise UserError("A logarithmic range begins above zero.")
    log = scale == "log" or (scale == "" and low > 0 and high / low >= DECADES)
    return Range(low, high, log, whole)


def _choices(value: Any) -> Choices:
    listed = value.get("choices") if isinstance(value, Mapping) else value
    if isinstance(listed, str):
        listed = [text.strip() for text in listed.strip().strip("[]").split(",") if text.strip()]
    if isinstance(listed, int | float | bool):
        listed = [listed]
    if not isinstance(listed, list | tuple) or not listed:
        raise UserError("List the values with commas between them.")
    if len(listed) > MOST_VALUES:
        raise UserError(f"{len(listed):,} values are too many; up to {MOST_VALUES:,} of one option can be tried.")
    if any(not isinstance(item, str | int | float | bool) for item in listed):
        raise UserError("The values are numbers, texts, true or false.")
    return Choices(tuple(dict.fromkeys(listed)))


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{value!r} is not a number.")
    return number


def _types(spec: Mapping[str, Any]) -> set[str]:
    return {str(part.get("type")) for part in spec.get("anyOf", [spec])}


def _is_number(spec: Mapping[str, Any]) -> bool:
    return bool(_types(spec) & {"number", "integer"}) and "enum" not in spec


def _is_whole(spec: Mapping[str, Any]) -> bool:
    return "integer" in _types(spec)
