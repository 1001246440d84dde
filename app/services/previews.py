"""Seeing a dataset before it is built: the person's own images under every resize mode, with sizes of the whole set."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from app.services.context import Context, NotFound, require
from app.services.offload import offload, offload_all
from app.services.paths import roots, server_path, server_paths
from app.services.preview_sheet import Cells, Made, compose, draw
from app.services.searching import Search
from data.codecs import MIMETYPES, encode
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.files import read_file, shown
from data.options import option, parse, plain, schema
from data.placement import Size
from data.preparation import Preparation
from data.previews import (
    ENCODINGS,
    Candidate,
    Original,
    Record,
    Survey,
    Wanted,
    estimate,
    images_kept,
    read_original,
    records,
)
from data.resize import pillow_resampler
from data.roots import inside
from data.sheets import fitted
from data.sources import Listing, find_source
from data.transforms import find_resize_mode, resize_modes
from data.workspace import Workspace
from jobs.permissions import Principal

MOST_PICTURES = 12
PATIENCE = 1.5
"""Seconds that a request waits for the search of a large folder; it says how far it is and is asked again."""
OF_RECORDS = frozenset(
    ("channels", "width", "height", "resize_mode", "fill", "encoding", "jpeg_quality", "decoding", "seed")
)
OF_SPLITS = frozenset(("val_percent", "test_percent", "min_per_class", "max_per_class"))
"""Options that change nothing of what a source finds."""


@dataclass(frozen=True)
class Look:
    """How a preview is wanted: ``count`` images, drawn by ``draw`` (0, 1, 2 ... are different ones), cell in pixels."""

    count: int = 6
    draw: int = 0
    cell: int = 144


def preview(ctx: Context, who: Principal | None, values: Mapping[str, Any], look: Look) -> dict[str, Any]:
    """Some images of the source that form values name, prepared in every way; see docs/preparing.md for the shape.

    Answers ``{"ready": False, "seen"}`` while a large folder is still searched, ``{"ready": True, "seen", "note"}``
    where there is nothing to choose. Raises UserError naming the field that is wrong, NotAllowed.
    """
    who = require(who, "create")
    options = _options(ctx, who, values)
    search = _search(ctx, who, options)
    found = search.wait(PATIENCE)
    if found is None:
        return {"ready": False, "seen": search.seen}
    if found.note:
        return {"ready": True, "seen": search.seen, "note": found.note}
    chosen = _chosen(ctx, who, found, look)
    wanted = _wanted(options)
    originals = _originals(ctx, chosen, wanted)
    jobs = [(number, original, wanted, look.cell) for number, original in enumerate(originals)]
    made = offload_all(_make, jobs)
    modes = resize_modes.names()
    picture = offload(compose, [cells for _, cells in made], modes, look.cell)
    return {
        "ready": True,
        "seen": search.seen,
        "images": images_kept(found.counts, options.min_per_class, options.max_per_class),
        "encoding": options.encoding,
        "thumb": list(fitted(Size(options.width, options.height), look.cell)),
        "cell": look.cell,
        "pictures": [_picture(one, original, look.cell) for one, original in zip(chosen, originals, strict=True)],
        "modes": _modes(found, options, [each for each, _ in made]),
        "sheet": f"data:image/jpeg;base64,{b64encode(picture).decode()}",
    }


def picture(
    ctx: Context, who: Principal | None, values: Mapping[str, Any], look: Look, number: int
) -> tuple[bytes, str]:
    """Image ``number`` of a preview as it would be stored under the chosen mode: its bytes (raw as PNG), MIME type.

    Raises NotFound where the preview has fewer images, and the errors of :func:`preview`.
    """
    who = require(who, "create")
    options = _options(ctx, who, values)
    found = _search(ctx, who, options).wait(PATIENCE)
    chosen = _chosen(ctx, who, found, look) if found is not None else ()
    if not 0 <= number < len(chosen):
        raise NotFound(f"The preview has {len(chosen)} images, numbered from 0.")
    return offload(_stored, chosen[number].path, _wanted(options), number)


def _stored(path: str, wanted: Wanted, number: int) -> tuple[bytes, str]:
    pixels = wanted.preparation.content(read_file(path), seed=number, resample=pillow_resampler)
    encoding = "jpg" if wanted.encoding == "jpg" else "png"
    return encode(pixels, encoding, wanted.quality), MIMETYPES[encoding]


# -- DIGITS's one picture ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ExampleOptions:
    """The options of a dataset that say how one picture is prepared."""

    width: Annotated[int, option("Width", ge=1, le=4096)] = 256
    height: Annotated[int, option("Height", ge=1, le=4096)] = 256
    channels: Literal[3, 1] = 3
    resize_mode: str = "squash"
    encoding: Literal["png", "jpg", "raw"] = "png"


@dataclass(frozen=True)
class Example:
    """A prepared picture to show (raw as PNG), and the bytes that it takes as a record."""

    content: bytes
    mimetype: str
    bytes: int


def example(ctx: Context, who: Principal | None, values: Mapping[str, Any], path: str = "") -> Example:
    """An example photograph, or the image at ``path`` on the server, as a dataset would store it.

    Raises InvalidOptions, UserError(field="folder") for a path that may not be read or is no image, NotAllowed.
    """
    who = require(who, "create")
    options = parse(ExampleOptions, values)
    find_resize_mode(options.resize_mode)
    place = str(server_path(ctx, who, path, "folder")) if path else _flower()
    wanted = Wanted(Preparation.of(plain(options)), options.encoding, DatasetOptions.jpeg_quality)
    content, mimetype = offload(_stored, place, wanted, 0)
    raw = options.width * options.height * options.channels
    return Example(content, mimetype, raw if options.encoding == "raw" else len(content))


def _flower() -> str:
    """A photograph that comes with scikit-learn; found without importing it, which would take the web 60 MB."""
    found = find_spec("sklearn")
    folder = found.submodule_search_locations[0] if found and found.submodule_search_locations else ""
    return str(Path(folder) / "datasets" / "images" / "flower.jpg")


# -- what was asked ----------------------------------------------------------------------------------------------


def _options(ctx: Context, who: Principal, values: Mapping[str, Any]) -> DatasetOptions:
    """Dataset options of form values, their paths real and inside the roots. Raises InvalidOptions for all at once."""
    options = parse(DatasetOptions, {name: values[name] for name in _fields() if name in values})
    find_resize_mode(options.resize_mode)
    paths = server_paths(ctx, who, options, [name for name, is_path in _fields().items() if is_path])
    return replace(options, **paths)


@cache
def _fields() -> dict[str, bool]:
    """The options by name, and whether each is a path on the server."""
    return {name: spec.get("widget") == "path" for name, spec in schema(DatasetOptions)["properties"].items()}


def _wanted(options: DatasetOptions) -> Wanted:
    return Wanted(Preparation.of(plain(options)), options.encoding, options.jpeg_quality)


def _search(ctx: Context, who: Principal, options: DatasetOptions) -> Search:
    """The search of the options' source, under way or done; the same for all options that it does not depend on."""
    asked = {name: value for name, value in plain(options).items() if name not in OF_RECORDS | OF_SPLITS}
    key = json.dumps([who.name, asked], sort_keys=True)

    def scan() -> Generator[int, None, Listing]:
        source = offload(find_source, options.source, options.folder)
        return source.scan(options, Workspace(roots=roots(ctx, who)))

    return ctx.previews.searches.get(key, scan)


def _chosen(ctx: Context, who: Principal, found: Survey, look: Look) -> Sequence[Candidate]:
    """The images to show; a link that leads out of the allowed roots is passed over."""
    allowed = roots(ctx, who)
    return [one for one in found.choose(look.count, look.draw) if _readable(one.path, allowed)]


def _readable(path: str, allowed: Sequence[Path]) -> bool:
    try:
        inside(Path(path), allowed)
    except UserError:
        return False
    return True


# -- the work ----------------------------------------------------------------------------------------------------


def _originals(ctx: Context, chosen: Sequence[Candidate], wanted: Wanted) -> list[Original | UserError]:
    """The decoded images, from the cache where they are sharp enough for these records."""
    kept = ctx.previews.originals
    found = {one.path: kept.get(one.path) for one in chosen}
    missing = [(path, have is not None) for path, have in found.items() if have is None or _blurred(have, wanted)]
    read: dict[str, Original | UserError] = {path: have for path, have in found.items() if have is not None}
    for (path, whole), original in zip(missing, offload_all(_read, missing), strict=True):
        read[path] = original
        if isinstance(original, Original) and not whole:
            kept.add(path, original)
            if _blurred(original, wanted):
                read[path] = offload(_read, (path, True))
    return [read[one.path] for one in chosen]


def _blurred(original: Original, wanted: Wanted) -> bool:
    """Whether the kept copy would have to be enlarged where the file itself would not be."""
    target = Size(wanted.preparation.width, wanted.preparation.height)
    return not original.serves(target)


def _read(asked: tuple[str, bool]) -> Original | UserError:
    path, whole = asked
    try:
        return read_original(path, whole=whole)
    except UserError as error:
        return error


def _make(job: tuple[int, Original | UserError, Wanted, int]) -> tuple[Made, Cells]:
    """The records of one image and what is drawn of them."""
    number, original, wanted, cell = job
    if isinstance(original, UserError):
        return {}, Cells(None, {})
    made = records(original, wanted, number)
    return made, draw(original, made, cell)


# -- what is answered --------------------------------------------------------------------------------------------


def _picture(one: Candidate, original: Original | UserError, cell: int) -> dict[str, Any]:
    known = {"path": shown(one.path), "class": one.cls}
    if isinstance(original, UserError):
        empty = {"width": None, "height": None, "bytes": None, "thumb": None}
        return {**known, **empty, "error": str(original)}
    size = {"width": original.size.width, "height": original.size.height, "bytes": original.bytes}
    return {**known, **size, "thumb": list(fitted(original.size, cell)), "error": None}


def _modes(found: Survey, options: DatasetOptions, made: Sequence[Made]) -> list[dict[str, Any]]:
    """For each mode its records' sizes, and what the database of all images would take in each encoding."""
    images = images_kept(found.counts, options.min_per_class, options.max_per_class)
    answer = []
    for mode in resize_modes:
        mine = [each[mode.name] for each in made if mode.name in each]
        good = [one for one in mine if isinstance(one, Record)]
        database = {name: estimate([one.sizes[name] for one in good], images) for name in ENCODINGS}
        rows = [_record(each.get(mode.name)) for each in made]
        answer.append(
            {"name": mode.name, "title": mode.title, "help": mode.help, "database": database, "records": rows}
        )
    return answer


def _record(one: Record | UserError | None) -> dict[str, Any]:
    if isinstance(one, Record):
        return {"bytes": dict(one.sizes), "error": None}
    return {"bytes": None, "error": str(one) if one is not None else None}
