"""What a reader missed: no gap, nothing twice, whatever was appended meanwhile."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.folder import EventLog, JobFolder
from jobs.series import SeriesWriter
from jobs.updates import events_after, finite, updates


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = JobFolder(tmp_path / "job")
    made.series.mkdir(parents=True)
    return made


def add_points(folder: JobFolder, steps: range, curve: str = "train/loss") -> None:
    writer = SeriesWriter(folder.series)
    for step in steps:
        writer.add(step, 10.0 * step, {curve: float(step)})
    writer.flush()


def test_everything_the_first_time(folder: JobFolder) -> None:
    EventLog(folder.events_path).append("note", text="a")
    add_points(folder, range(1, 4))
    answer = updates(folder, 0, {})
    assert (answer["job"], answer["seq"], [event["text"] for event in answer["events"]]) == ("job", 1, ["a"])
    expected = {"start": 0, "stop": 3, "steps": [1, 2, 3], "walls": [10.0, 20.0, 30.0], "values": [1.0, 2.0, 3.0]}
    assert answer["series"] == {"train/loss": expected}


def test_nothing_new_is_short(folder: JobFolder) -> None:
    EventLog(folder.events_path).append("note", text="a")
    add_points(folder, range(3))
    assert updates(folder, 1, {"train/loss": 3}) == {"job": "job", "seq": 1, "events": [], "series": {}}


def test_a_folder_without_anything(tmp_path: Path) -> None:
    assert updates(JobFolder(tmp_path / "none"), 0, {})["events"] == []


def test_many_points_are_thinned_and_say_so(folder: JobFolder) -> None:
    add_points(folder, range(5000))
    news = updates(folder, 0, {}, limit=100)["series"]["train/loss"]
    assert (news["start"], news["stop"], news["thinned"]) == (0, 5000, True)
    assert len(news["steps"]) <= 100
    assert (news["values"][0], news["values"][-1]) == (0.0, 4999.0)


def test_values_that_are_no_numbers_are_null(folder: JobFolder) -> None:
    writer = SeriesWriter(folder.series)
    for step, value in enumerate((1.0, math.nan, math.inf, -math.inf)):
        writer.add(step, 0.0, {"x": value})
    writer.flush()
    answer = updates(folder, 0, {})
    assert answer["series"]["x"]["values"] == [1.0, None, None, None]
    json.dumps(answer, allow_nan=False)
    assert finite([]) == []


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(0, 3000))
@settings(deadline=None, max_examples=40)
def test_a_reader_that_comes_now_and_then_sees_each_thing_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int], text: int
) -> None:
    folder = JobFolder(tmp_path_factory.mktemp("job"))
    folder.series.mkdir()
    seq, counts, seen, steps, made = 0, {}, [], [], 0
    for size in batches:
        for _ in range(size):
            made += 1
            EventLog(folder.events_path).append("note", text="x" * text)
        add_points(folder, range(len(steps), len(steps) + size), "c")
        answer = updates(folder, seq, counts)
        seq = answer["seq"]
        seen += [event["seq"] for event in answer["events"]]
        for curve, news in answer["series"].items():
            assert news["start"] == counts.get(curve, 0)
            steps += news["steps"]
            counts[curve] = news["stop"]
    assert seen == list(range(1, made + 1))
    assert steps == list(range(sum(batches)))


@pytest.mark.parametrize("seq", [0, 1, 500, 1998, 1999, 2000, 5000])
def test_events_are_found_from_the_end_of_a_long_file(folder: JobFolder, seq: int) -> None:
    log = EventLog(folder.events_path)
    for number in range(1, 2001):
        log.append("note", text=f"{number} " + "x" * 100)
    assert [event["seq"] for event in events_after(folder.events_path, seq)] == list(range(seq + 1, 2001))
