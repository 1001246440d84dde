"""Two classes that a model confuses: the images in between, and what an atlas of the model says of the two."""

from __future__ import annotations

from typing import Any

import numpy as np

from app.services import atlas_maps, atlases
from app.services.context import Context, NotFound, require
from app.services.evaluations import about, matrix, page_of, results
from app.services.jobs import job_of
from app.services.offload import offload
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.evaluation.between import between
from models.evaluation.records import read_scores
from models.evaluation.select import Wanted, select

READ_BYTES = 512 << 20
"""Two columns of a larger file of scores take seconds to read: the five likeliest classes of each image do then."""


def pair(ctx: Context, who: Principal | None, row: JobRow, one: int, other: int) -> dict[str, Any]:
    """Names, images of both classes and how often each is taken for the other. Raises NotFound, Conflict."""
    names = _names(ctx, row, one, other)
    found = matrix(ctx, who, row)
    return {
        "numbers": [one, other],
        "names": names,
        "images": [int(found[cls].sum()) for cls in (one, other)],
        "right": [int(found[cls, cls]) for cls in (one, other)],
        "taken": [int(found[one, other]), int(found[other, one])],
    }


def images(
    ctx: Context, who: Principal | None, row: JobRow, numbers: tuple[int, int], *, show: str = "all",
    page: int = 1, size: int = 60,
) -> dict[str, Any]:  # fmt: skip
    """One page of the images in between, the most undecided first; each has the ``share`` of the first class, 0..1.

    Raises NotFound (class), Conflict before the first result.
    """
    require(who, "view", row)
    _names(ctx, row, *numbers)
    records = results(ctx, row)
    scores = read_scores(ctx.store.folder(row.id).artifacts, len(about(ctx, row)["classes"]))
    usable = scores is not None and len(scores) >= len(records) and scores.nbytes <= READ_BYTES
    found, shares = offload(
        between, records, scores[: len(records)] if scores is not None and usable else None, numbers
    )
    if show != "all":
        keep = np.isin(found, select(records, Wanted(show=show)))
        found, shares = found[keep], shares[keep]
    answer = page_of(ctx, row, records, found, page, size)
    first = (answer["page"] - 1) * answer["size"]
    for place, record in enumerate(answer["records"]):
        record["share"] = float(shares[first + place])
    return answer


def units(
    ctx: Context, who: Principal | None, row: JobRow, numbers: tuple[int, int], layer: int | None
) -> dict[str, Any] | None:
    """What the newest atlas of the model says: its row, layers and the units that separate the two best.

    ``layer`` None is the last hidden one. None where there is no atlas, or only one of an earlier version.
    """
    model = ctx.store.get(str(job_of(ctx, row).options["model"]), who)
    atlas = atlases.newest(ctx, who, model) if model else None
    known = atlases.about(ctx, who, atlas) if atlas else None
    if atlas is None or known is None or known["format"] < 2 or known["classes"] != about(ctx, row)["classes"]:
        return None
    last = len(known["layers"]) - 1
    index = max(0, last - 1) if layer is None else min(max(layer, 0), last)
    return {"row": atlas, "about": known, **atlas_maps.separating(ctx, who, atlas, index, numbers)}


def _names(ctx: Context, row: JobRow, one: int, other: int) -> list[str]:
    names = about(ctx, row)["classes"]
    if not (0 <= one < len(names) and 0 <= other < len(names)) or one == other:
        raise NotFound(f"{row.name} has {len(names)} classes; name two different ones by their numbers.")
    return [names[one], names[other]]
