"""Pages: one blueprint a topic, views of a few lines over the services; also what several of them share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any
from urllib.parse import urlencode

from jobs.permissions import Principal, can
from jobs.tables import JobRow

ROWS = 20


def allowed(who: Principal | None, job: JobRow) -> dict[str, bool]:
    """Which buttons a job's page shows to ``who``."""
    return {action: can(who, action, job) for action in ("edit", "abort", "delete", "download", "infer")}


def page_numbers(page: int, pages: int, around: int = 1) -> list[int | None]:
    """The numbers of a pager: first, last and the neighbours of ``page``; None where some are left out."""
    shown = sorted({1, pages, *range(page - around, page + around + 1)} & set(range(1, pages + 1)))
    numbers: list[int | None] = []
    for number in shown:
        if numbers and numbers[-1] is not None and number - numbers[-1] > 1:
            numbers.append(None)
        numbers.append(number)
    return numbers


def pages_of(total: int, size: int) -> int:
    """How many pages ``total`` things need; at least one."""
    return max(1, ceil(total / size))


def query(values: Mapping[str, Any], **changes: Any) -> str:
    """A query string of ``values`` with ``changes``; what is None or blank is left out, so that URLs stay short."""
    merged = {**values, **changes}
    return "?" + urlencode([(key, value) for key, value in merged.items() if value not in (None, "")])


def number(text: str | None, default: int, low: int, high: int) -> int:
    """``text`` as a whole number within [low, high]; ``default`` where it is none."""
    try:
        return min(max(int(text or ""), low), high)
    except ValueError:
        return default


def choice(text: str | None, known: Sequence[Any], default: Any) -> Any:
    """``text`` if it is one of ``known`` (compared as words), else ``default``."""
    return next((item for item in known if str(item) == text), default)
