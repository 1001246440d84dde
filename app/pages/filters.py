"""How times, sizes and numbers are written for people; used by all templates."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from flask import Blueprint

blueprint = Blueprint("filters", __name__)
KINDS = {"detection": "Dataset of boxes", "segmentation": "Dataset of masks"}
TYPES = {
    "dataset": "Image classification dataset",
    "evaluation": "Evaluation",
    "atlas": "Atlas of units",
    "sweep": "Sweep",
}


@blueprint.app_template_filter()
def crumb(job: dict[str, Any]) -> str:
    """What a job (brief) makes, for the line above its name."""
    kind = (job.get("summary") or {}).get("kind")
    return KINDS.get(kind or "") or TYPES.get(job["type"], "Image classification model")


@blueprint.app_template_filter()
def duration(seconds: float | None) -> str:
    """1.4 -> "1 s", 75 -> "1 min 15 s", 7260 -> "2 h 1 min"; "" for None."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    for size, word, small, minor in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {word} {rest} {minor}" if rest else f"{whole // size} {word}"
    return f"{whole} s"


@blueprint.app_template_filter()
def when(stamp: float | None) -> str:
    """Unix seconds as a short local time: "14:05" today, "3 Nov 14:05" this year, else "3 Nov 2025"."""
    if not stamp:
        return ""
    then, now = datetime.fromtimestamp(stamp), datetime.now()
    if then.date() == now.date():
        return f"{then:%H:%M}"
    day = f"{then.day} {then:%b}"
    return f"{day} {then:%H:%M}" if then.year == now.year else f"{day} {then.year}"


@blueprint.app_template_filter()
def iso(stamp: float | None) -> str:
    """Unix seconds as ISO 8601 with the server's offset, for <time datetime> and titles."""
    return datetime.fromtimestamp(stamp).astimezone().isoformat(timespec="seconds") if stamp else ""


@blueprint.app_template_filter()
def size(count: float | None) -> str:
    """Bytes: 1536 -> "1.5 kB" (1 kB = 1000 bytes, as disks are sold)."""
    if count is None:
        return ""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.5 else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


@blueprint.app_template_filter()
def thousands(number: float | None) -> str:
    """60000 -> "60,000"."""
    return "" if number is None else f"{number:,.0f}"


@blueprint.app_template_filter()
def figure(value: Any, digits: int = 4) -> str:
    """A measured number at a readable precision; an accuracy is given as percent with ``percent``."""
    if value is None:
        return "–"
    return f"{value:.{digits}g}" if isinstance(value, (int, float)) else str(value)


@blueprint.app_template_filter()
def percent(value: float | None, digits: int = 1) -> str:
    """0.98781 -> "98.8 %"; never rounds up to 100 % what is not."""
    if value is None:
        return "–"
    text = f"{value * 100:.{digits}f}"
    if value < 1 and float(text) >= 100:
        text = f"{100 - 10**-digits:.{digits}f}"
    return f"{text} %"


@blueprint.app_template_filter()
def elapsed(job: Any) -> float | None:
    """Seconds that a job has run (row or brief); None before it started."""
    get = job.get if isinstance(job, dict) else lambda key: getattr(job, key, None)
    started = get("started")
    return None if not started else (get("finished") or time.time()) - started


@blueprint.app_template_filter()
def spark(values: list[float] | None) -> str:
    """SVG path of a sparkline in a box of 100 x 24; "" where there are fewer than two finite values."""
    points = [value for value in values or () if isinstance(value, (int, float))]
    if len(points) < 2:
        return ""
    low, high = min(points), max(points)
    span, step = (high - low) or 1.0, 100 / (len(points) - 1)
    places = (f"{index * step:.1f},{22 - 20 * (value - low) / span:.1f}" for index, value in enumerate(points))
    return "M" + "L".join(places)
