"""Tags are kept tidy, and found by."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InvalidOptions
from jobs.job import Job, new_id
from jobs.label import LONGEST_TAG, MOST_TAGS, join_tags, split_tags
from jobs.permissions import Principal
from jobs.store import Listing, Store


def test_tags_are_kept_once_in_order_without_blanks() -> None:
    assert join_tags(["  big  net, base", "base", "", "x,,y"]) == "big net, base, x, y"
    assert split_tags(join_tags(["a", "b c"])) == ["a", "b c"]
    assert split_tags("") == []


@pytest.mark.parametrize("tags", [[str(n) for n in range(MOST_TAGS + 1)], ["x" * (LONGEST_TAG + 1)]])
def test_too_many_or_too_long_is_refused(tags: list[str]) -> None:
    with pytest.raises(InvalidOptions) as refused:
        join_tags(tags)
    assert "tags" in refused.value.fields


def test_jobs_are_found_by_a_whole_tag(tmp_path: Path) -> None:
    store, who = Store(tmp_path), Principal("ada", "admin")
    for name, tags in (("one", "base"), ("two", "baseline, 50%"), ("three", "x, base, y"), ("four", "")):
        store.create(Job(new_id(), "model", "count", name, {}, created=5.0), tags=tags)

    def found(**wanted: str) -> set[str]:
        return {row.name for row in store.list(Listing(**wanted), who)}  # type: ignore[arg-type]

    assert found(tag="base") == {"one", "three"}
    assert found(tag="50%") == {"two"}
    assert found(tag="") == {"four"}  # those without any
    assert found(text="base") == {"one", "two", "three"}
