"""Runs side by side: what differs, whose runs are seen, curves on each axis, and the same over page and REST."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from app.services import comparison
from app.services.comparison import MOST, Choice, View, differing
from data.errors import UserError
from jobs import series
from tests.app.conftest import Lab
from tests.app.runs import STARTED, run


def options(**values: Any) -> dict[str, Any]:
    """Options of a model."""
    return {"network": "lenet", "dataset": "", "learning_rate": 0.01, "momentum": 0.9, **values}


def test_only_what_differs_is_told() -> None:
    runs = [{"a": 1, "b": 2, "c": True, "d": None}, {"a": 1.0, "b": 3, "c": 1}, {"a": 1, "b": 2, "c": True, "e": "x"}]
    assert differing(runs) == ["b", "c", "e"]
    assert differing(runs[:1]) == []
    assert differing([]) == []


def test_runs_are_compared_in_the_order_asked_for(lab: Lab) -> None:
    low = run(lab, "low", {"val/loss": [3, 2, 1]}, options=options(learning_rate=0.001), tags="base, slow")
    high = run(lab, "high", {"val/loss": [3, 1, 2], "val/accuracy": [0.5]}, options=options(source="line\n" * 99))
    found = comparison.compare(lab.ctx, lab.who("sam"), Choice((high.id, low.id, "20200101-000000-0000", "../x")))
    assert [item["name"] for item in found["runs"]] == ["high", "low"]
    assert found["missing"] == ["20200101-000000-0000", "../x"]
    assert [item["title"] for item in found["options"]] == ["Base learning rate", "Source"]
    assert [item["options"]["learning_rate"] for item in found["runs"]] == [0.01, 0.001]
    assert len(found["runs"][0]["options"]["source"]) < 80
    assert found["common"]["momentum"] == 0.9
    assert found["curves"] == {"val/loss": 2, "val/accuracy": 1}
    assert found["runs"][1]["tags"] == ["base", "slow"]
    assert found["runs"][1]["curves"]["val/loss"] == {"points": 3, "last": 1.0, "min": 1.0, "max": 3.0}


def test_a_private_run_is_missing_for_strangers(lab: Lab) -> None:
    hidden = run(lab, "hidden", {"val/loss": [1]}, visibility="private")
    for who, seen in (("olga", 1), ("ada", 1), ("sam", 0)):
        assert len(comparison.compare(lab.ctx, lab.who(who), Choice((hidden.id,)))["runs"]) == seen
        assert len(comparison.compare(lab.ctx, lab.who(who), Choice(text="hidden"))["runs"]) == seen
    answer = lab.client("sam").post("/models/compare/curves", json={"ids": [hidden.id], "curve": "val/loss"})
    assert json.loads(answer.data.split(b"\n")[0]) == []
    assert lab.client("vic").post("/api/v1/comparisons", json={"runs": [hidden.id]}).json["missing"] == [hidden.id]


def test_runs_of_a_group_a_tag_or_a_dataset(lab: Lab) -> None:
    dataset = lab.job(name="digits")
    one = run(lab, "one", {}, tags="base", group="thesis")
    two = run(lab, "two", {}, parents=(dataset.id,), options=options(dataset=dataset.id))
    for choice, wanted in (
        (Choice(tag="base"), {one.id}),
        (Choice(group="thesis"), {one.id}),
        (Choice(dataset=dataset.id), {two.id}),
        (Choice(text="base"), {one.id}),
        (Choice(), {one.id, two.id}),
    ):
        assert {item["id"] for item in comparison.compare(lab.ctx, lab.who("olga"), choice)["runs"]} == wanted
    both = comparison.compare(lab.ctx, lab.who("olga"), Choice((one.id, two.id)))
    assert [item["options"]["dataset"] for item in both["runs"]] == ["", "digits"]


def test_too_many_are_refused_in_words(lab: Lab) -> None:
    with pytest.raises(UserError, match=f"{MOST} can be compared"):
        comparison.choose(lab.ctx, lab.who("olga"), Choice(tuple(str(n) for n in range(MOST + 1))))


@pytest.mark.parametrize(
    ("axis", "first", "last", "steps"),
    [
        ("step", 40.0, 60.0, (39, 61)),
        ("epoch", 4.0, 6.0, (39, 61)),
        ("time", 39.9, 60.1, (39, 61)),
        ("step", None, None, (1, 100)),
        ("step", 500.0, 600.0, (100, 100)),
    ],
)
def test_a_window_reaches_one_point_beyond_each_edge(
    lab: Lab, axis: str, first: float | None, last: float | None, steps: tuple[int, int]
) -> None:
    row = run(lab, "net", {"train/loss": range(100)}, per_epoch=10)
    lab.store.edit(row.id, started=STARTED)
    row = comparison.choose(lab.ctx, lab.who("olga"), Choice((row.id,)))[0][0]
    shown = comparison.curves(lab.ctx, [row], View("train/loss", axis, first, last))[0]
    assert (shown.points["step"][0], shown.points["step"][-1]) == steps
    assert shown.total == 100


def test_the_page_gets_the_numbers_as_they_are(lab: Lab) -> None:
    rows = [run(lab, str(n), {"val/loss": np.linspace(n, 1, 50)}) for n in range(3)]
    other = run(lab, "without", {"train/loss": [1.0]})
    asked = {"ids": [row.id for row in (*rows, other)], "curve": "val/loss", "smooth": 0.5}
    answer = lab.client("vic").post("/models/compare/curves", json=asked)
    head, _, numbers = answer.data.partition(b"\n")
    assert [item["id"] for item in json.loads(head)] == [row.id for row in rows]
    assert (len(head) + 1) % 8 == 0
    columns = np.frombuffer(numbers, "<f8").reshape(3, 4, 50)
    for row, (steps, walls, values, smoothed) in zip(rows, columns, strict=True):
        points = series.read(lab.store.folder(row.id).series, "val/loss")
        assert np.array_equal(steps, points["step"])
        assert np.array_equal(walls, points["wall"])
        assert np.array_equal(values, points["value"])
        assert np.array_equal(smoothed, series.smooth(points, 0.5))


def test_no_spike_is_lost_however_many_runs_share_the_picture(lab: Lab) -> None:
    values = np.zeros(30_000)
    values[12_345] = 9.0
    row = run(lab, "spike", {"train/loss": values})
    shown = comparison.curves(lab.ctx, [row], View("train/loss"), runs=MOST)[0]
    assert len(shown.points) < 260
    assert shown.points["value"].max() == 9.0


def test_everything_in_one_call_over_rest(lab: Lab) -> None:
    one = run(lab, "one", {"val/loss": [3, float("nan"), 1]}, options=options(momentum=0.5))
    two = run(lab, "two", {"val/loss": [3, 2, 2]}, options=options())
    body = {"runs": [one.id, two.id], "curves": ["val/loss", "none"], "from": 2, "smooth": 0.2}
    answer = lab.client("sam").post("/api/v1/comparisons", json=body)
    assert answer.status_code == 200
    assert [item["name"] for item in answer.json["options"]] == ["momentum"]
    assert answer.json["names"] == {"val/loss": 2}
    assert answer.json["curves"]["val/loss"][one.id]["values"] == [3.0, None, 1.0]
    assert set(answer.json["curves"]["val/loss"][two.id]) == {"curve", "total", "steps", "walls", "values", "smoothed"}
    assert answer.json["curves"]["none"] == {}
    assert lab.client("sam").post("/api/v1/comparisons", json={"runs": ["x"] * (MOST + 1)}).status_code == 422


def test_a_request_that_is_no_json_is_refused_in_words(lab: Lab) -> None:
    for path in ("runs", "curves"):
        answer = lab.client("olga").post(f"/models/compare/{path}", data="x")
        assert answer.status_code in (400, 422)


def test_the_page_is_reached_from_the_models_table_and_a_model(lab: Lab) -> None:
    row = run(lab, "net", {"val/loss": [1]})
    client = lab.client("olga")
    assert "/models/compare" in client.get("/").text
    assert f"/models/compare?runs={row.id}" in client.get(f"/models/{row.id}").text
    assert client.get("/models/compare").status_code == 200
