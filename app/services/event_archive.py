"""A run's TensorBoard event files as one zip, made while it is being sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.services.archives import Member, zip_bytes
from app.services.context import Context, NotFound, require
from app.services.offload import offload_each
from jobs.permissions import Principal
from jobs.tables import JobRow


def event_archive(ctx: Context, who: Principal | None, row: JobRow) -> tuple[str, Iterator[bytes]]:
    """File name and bytes of a zip with one folder, named as the run, for ``tensorboard --logdir``.

    Raises NotFound (no event files), NotAllowed.
    """
    require(who, "download", row)
    folder = ctx.store.folder(row.id).tensorboard
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    if not paths:
        raise NotFound(
            f"{row.name} has no event files.",
            hint="Models write them from their first step on; those trained by an older Foveal have none.",
        )
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", row.name).strip("-.") or "run"
    members = [Member(f"{name}-{row.id}/{path.name}", path) for path in paths]
    return f"{name}-{row.id}-tensorboard.zip", offload_each(zip_bytes(members))
