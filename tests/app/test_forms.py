"""Forms from options dataclasses: what kind of input, which values and errors, what is folded away."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from werkzeug.datastructures import MultiDict

from app.forms import fields, groups, posted
from data.dataset_options import DatasetOptions
from data.options import option, parse
from models.train_options import TrainOptions


@dataclass(frozen=True, kw_only=True)
class Example:
    """One field of each kind."""

    name: Annotated[str, option("Name", min_length=1, group="A")]
    count: Annotated[int, option("Count", "How many.", ge=1, le=9, unit="px", group="A")] = 3
    rate: Annotated[float | None, option("Rate", gt=0, group="B", advanced=True)] = None
    size: Annotated[Literal[3, 1], option("Size", labels={"3": "Three"}, group="B")] = 3
    flip: Annotated[bool, option("Flip", group="B")] = True
    extra: Annotated[str, option("Extra", show_if={"size": [3]}, group="B", advanced=True)] = "x"


def test_kinds_limits_and_choices() -> None:
    made = fields(Example)
    assert {name: field.kind for name, field in made.items()} == {
        "name": "text", "count": "integer", "rate": "number", "size": "select", "flip": "switch", "extra": "text"
    }  # fmt: skip
    assert made["count"].limits == {"min": "1", "max": "9"}
    assert made["count"].unit == "px"
    assert made["rate"].limits == {"min": "0", "step": "any"}
    assert made["size"].choices == (("3", "Three"), ("1", "1"))
    assert json.loads(made["extra"].show_if) == {"size": ["3"]}
    assert made["name"].required
    assert not made["count"].required


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), (3.0, "3"), (0.1, "0.1"), (1e-4, "0.0001"), (None, ""), (True, "true"), ("a", "a")]
)
def test_values_as_the_browser_wants_them(value: object, text: str) -> None:
    assert fields(Example, {"rate": value})["rate"].text == text


def test_typed_values_and_errors_stay() -> None:
    made = fields(Example, {"count": "many", "rate": "-1"}, {"count": ["no number"]})
    assert made["count"].text == "many"
    assert made["count"].errors == ("no number",)
    assert made["rate"].text == "-1"


def test_groups_fold_what_is_advanced_until_it_matters() -> None:
    first, second = groups(Example, fields(Example))
    assert (first.title, [field.name for field in first.plain]) == ("A", ["name", "count"])
    assert [field.name for field in second.folded] == ["rate", "extra"]
    assert not second.open
    assert groups(Example, fields(Example, {"rate": "2"}))[1].open
    assert groups(Example, fields(Example, {}, {"extra": ["wrong"]}))[1].open
    assert [group.title for group in groups(Example, fields(Example), skip=("name", "count"))] == ["B"]


def test_posted_takes_the_last_value_of_a_name() -> None:
    assert posted(MultiDict([("flip", "false"), ("flip", "true"), ("name", "x")])) == {"flip": "true", "name": "x"}


@pytest.mark.parametrize("cls", [DatasetOptions, TrainOptions])
def test_a_form_sent_back_as_it_was_shown_means_the_defaults(cls: type) -> None:
    made = fields(cls)
    needed = {"folder": "/images", "dataset": "20260101-000000-0000"}
    sent = {name: field.text or needed.get(name, "") for name, field in made.items()}
    assert parse(cls, sent) == parse(cls, {name: needed[name] for name, field in made.items() if field.required})
