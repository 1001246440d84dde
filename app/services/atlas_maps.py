"""What an atlas says of its images: maps by each layer, also through checkpoints, and units that part two classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.services.atlases import about, layer_of, read_layer, resume_again
from app.services.context import Conflict, Context, NotFound, StorageFull, require
from app.services.offload import offload
from data.analysis.options import has_tsne
from data.errors import InvalidOptions
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.atlas.kept import read_images, read_peaks
from models.atlas.layer import number
from models.atlas.separate import separation
from models.atlas.wishes import Wish, wish

METHODS = ("pca", "tsne", "through")
MOST_CHECKPOINTS = 100
OLD = "Build it again: it was made before atlases kept what units say of the images."


def layer_map(ctx: Context, who: Principal | None, row: JobRow, index: int, method: str = "pca") -> dict[str, Any]:
    """Where the kept images lie by what the units of a layer say: numbers, labels, answers and places of all.

    ``method`` is "pca", "tsne" (where it was asked for), or "through": the places at each checkpoint on the same axes.
    ``offered`` says what there is. Raises NotFound (layer, method), Conflict (an atlas of an earlier version).
    """
    atlas, folder = _kept(ctx, who, row), ctx.store.folder(row.id).artifacts
    layer = layer_of(row, atlas, index)
    paths = {
        "pca": folder / "maps" / f"{index}.npz",
        "tsne": folder / "maps" / f"{index}.tsne.npz",
        "through": folder / "maps" / f"{index}.through.npz",
    }
    if method not in METHODS or not paths[method].exists():
        raise NotFound(f"{row.name} has no map of {layer['name']} by {method}.")
    told = offload(_through if method == "through" else _now, folder, paths[method])
    with np.load(paths["pca"]) as basis:
        explained = basis["explained"].tolist()
    known = {"layer": index, "name": layer["name"], "method": method, "explained": explained}
    offered = [name for name, path in paths.items() if path.exists()]
    return {**known, "offered": offered, "total": atlas["count"], "split": atlas["split"], **told}


def _now(folder: Path, path: Path) -> dict[str, Any]:
    images = read_images(folder / "kept")
    with np.load(path) as kept:
        places = kept["places"]
    return {
        "numbers": images["number"].tolist(),
        "labels": images["label"].tolist(),
        "predicted": [images["predicted"].tolist()],
        "confidence": np.round(images["confidence"], 4).tolist(),
        "places": [_flat(places)],
        "checkpoints": [],
    }


def _through(folder: Path, path: Path) -> dict[str, Any]:
    with np.load(path) as kept, np.load(folder / "maps" / "through.npz") as told:
        names = zip(told["names"].tolist(), told["steps"].tolist(), told["epochs"].tolist(), strict=True)
        return {
            "numbers": told["numbers"].tolist(),
            "labels": told["label"].tolist(),
            "predicted": told["predicted"].tolist(),
            "confidence": None,
            "places": [_flat(places) for places in kept["places"]],
            "checkpoints": [{"name": name, "step": step, "epoch": epoch} for name, step, epoch in names],
        }


def _flat(places: NDArray[np.float32]) -> list[float]:
    """x, y, x, y ..."""
    found: list[float] = np.round(places.astype(np.float64), 4).ravel().tolist()
    return found


def ask_for(ctx: Context, who: Principal | None, row: JobRow, values: Mapping[str, Any]) -> str:
    """Let a finished atlas also lay a layer out by t-SNE (``tsne``: its number), or follow ``checkpoints``; a sentence.

    No image is passed over again but for other checkpoints. Raises InvalidOptions, Conflict, NotFound, NotAllowed.
    """
    require(who, "edit", row)
    atlas = _kept(ctx, who, row)
    wanted = Wish(_number(values, "tsne", 0, 10**6), _number(values, "checkpoints", 2, MOST_CHECKPOINTS))
    if (wanted.tsne is None) == (wanted.checkpoints is None):
        raise InvalidOptions({"tsne": ["Give either the number of a layer to lay out, or a number of checkpoints."]})
    if wanted.tsne is not None:
        layer_of(row, atlas, wanted.tsne)
        if not has_tsne():
            raise Conflict("This server cannot lay out by t-SNE.", hint="Install it with: pip install openTSNE.")
    return _let_go_on(ctx, row, wanted)


def _let_go_on(ctx: Context, row: JobRow, wanted: Wish) -> str:
    try:
        wish(ctx.store.folder(row.id).path, wanted)
    except OSError as error:
        raise StorageFull(f"The wish could not be written into the job's folder: {error.strerror}.") from error
    resume_again(ctx, row)
    return f"{row.name} goes on as soon as there is room for it."


def _number(values: Mapping[str, Any], key: str, low: int, high: int) -> int | None:
    text = str(values.get(key) if values.get(key) is not None else "").strip()
    if not text:
        return None
    if not text.isdecimal() or not low <= int(text) <= high:
        raise InvalidOptions({key: [f"Give a whole number from {low} to {high}."]})
    return int(text)


def separating(
    ctx: Context, who: Principal | None, row: JobRow, index: int, pair: tuple[int, int], most: int = 12
) -> dict[str, Any]:
    """The units of a layer that separate two classes best, by the size of d': {units, counts of kept images}.

    Raises NotFound (layer, class), Conflict (an atlas of an earlier version).
    """
    atlas = _kept(ctx, who, row)
    layer_of(row, atlas, index)
    if not all(0 <= cls < len(atlas["classes"]) for cls in pair) or pair[0] == pair[1]:
        raise NotFound(f"{row.name} has {len(atlas['classes'])} classes; name two different ones by their numbers.")
    return offload(_separating, ctx, who, row, index, pair, most)


def _separating(
    ctx: Context, who: Principal | None, row: JobRow, index: int, pair: tuple[int, int], most: int
) -> dict[str, Any]:
    layer, folder = read_layer(ctx, who, row, index), ctx.store.folder(row.id).artifacts / "kept"
    peaks, labels = read_peaks(folder, index, layer.units), read_images(folder)["label"]
    found = separation(layer.arrays, peaks, labels, pair)
    profile = layer.arrays["profile"]
    units = [
        {
            **layer.brief(int(unit)),
            "dprime": number(found.dprime[unit]) if np.isfinite(found.dprime[unit]) else None,
            "auroc": number(found.auroc[unit]),
            "means": [float(profile[cls, unit]) for cls in pair],
        }
        for unit in found.order()[:most]
        if found.dprime[unit] != 0
    ]
    return {"layer": index, "name": layer.facts["name"], "counts": list(found.counts), "units": units}


def _kept(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """atlas.json of an atlas that keeps what units say of images."""
    atlas = about(ctx, who, row)
    if atlas["format"] < 2:
        raise Conflict(f"{row.name} has no maps.", hint=OLD)
    return atlas
