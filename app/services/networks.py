"""Networks as source and graph: drawing, editing, measuring and comparing them. Only inspectors run their code."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from app.services.context import Conflict, Context, NotAllowed, NotFound, find_job, require
from app.services.offload import offload
from data.errors import UserError
from jobs.permissions import Principal, can
from models.networks import networks as library
from models.source.channels import mismatches
from models.source.facts import Facts
from models.source.fold import View, opened, path_to, view
from models.source.graph import Graph, from_json
from models.source.layers import layers_of
from models.source.palette import PaletteEntry, palette
from models.source.parse import read
from models.source.picture import facts as facts_of
from models.source.picture import picture, problems, representatives
from models.source.svg import svg
from models.source.text import Source, SourceError, digest

LONGEST = 150_000
"""Characters of a source that the web reads; the largest file of torchvision's networks has 42,000."""
MEASURE_DEADLINE = 20.0
"""Seconds in which a network must be built and run once without computing anything."""


@dataclass(frozen=True)
class Images:
    """What a network is drawn and measured for."""

    channels: int = 3
    height: int = 224
    width: int = 224
    classes: int = 10


@dataclass(frozen=True)
class Look:
    """What is to be drawn: open containers and runs by id, or whole levels (``depth``), and a node to bring out."""

    open: tuple[str, ...] = ()
    fold: bool = True
    depth: int | None = None
    reveal: str | None = None


Key = tuple[str, Images]


class _Kept:
    """The few things used last, of so many nodes together; touched by the event loop alone, so without a lock."""

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes
        self._things: OrderedDict[Key, Any] = OrderedDict()
        self._weights: dict[Key, int] = {}

    def get(self, key: Key) -> Any:
        if key in self._things:
            self._things.move_to_end(key)
        return self._things.get(key)

    def put(self, key: Key, thing: Any, nodes: int) -> None:
        self._things[key], self._weights[key] = thing, nodes
        while len(self._things) > 1 and sum(self._weights.values()) > self._nodes:
            old, _ = self._things.popitem(last=False)
            del self._weights[old]


KEPT_NODES = 15_000
"""Nodes of graphs, and of reports, that are kept: some 30 MB each in the worst case."""
# Both follow from the text alone, so they may be shared by all who have it.
_graphs, _reports = _Kept(KEPT_NODES), _Kept(KEPT_NODES)

# -- drawing -----------------------------------------------------------------------------------------------------


def draw(ctx: Context, who: Principal | None, text: str, images: Images, look: Look) -> dict[str, Any]:
    """The picture of a source: ``hash``, ``picture`` (None where it cannot be read), ``open``, ``problems``, ``facts``.

    Nothing is run. What is wrong with the text is in ``problems``; facts are there where it was measured before.
    Raises UserError(field="source") for a text that is too long.
    """
    require(who, "view")
    _check_length(text)
    try:
        graph = _graph(text, images)
    except SourceError as error:
        return _unread(text, error, {"line": error.line, "span": _span(text, error)})
    except UserError as error:
        report = _reports.get((digest(text), images))
        if report is None or "graph" not in report:
            return _unread(text, error, {"line": None, "span": None})
        graph = from_json(report["graph"])
    return _drawn(text, graph, images, look)


def drawn_layers(text: str, images: Images, open: Iterable[str]) -> dict[str, list[str]]:
    """The layers, as PyTorch names them, that each node of a picture stands for. Raises SourceError, UserError."""
    graph = _graph(text, images)
    return layers_of(graph, view(graph, open))


def traced_picture(report: Mapping[str, Any], look: Look) -> dict[str, Any]:
    """The same of a report that has a graph but no source, all measured: every node is locked. Pure."""
    graph = from_json(report["graph"])
    answer, shown = _picture("", graph, look)
    return {**answer, **_measured(report, shown, graph)}


def outline(ctx: Context, who: Principal | None, text: str, images: Images) -> list[dict[str, str]]:
    """Every call site by ``id``, ``label``, ``op`` and ``module``, also those in closed blocks: what a search looks
    through. Raises SourceError, UserError where the source cannot be read."""
    require(who, "view")
    _check_length(text)
    return call_sites(_graph(text, images))


def call_sites(graph: Graph) -> list[dict[str, str]]:
    """Every node that does something, by name."""
    named = [node for node in graph.nodes if node.kind not in ("input", "output")]
    return [{"id": n.id, "label": n.label, "op": n.op, "module": n.module or ""} for n in named]


def plain_picture(ctx: Context, who: Principal | None, text: str) -> str:
    """A source's graph as SVG, for scripts. Raises UserError where it cannot be read."""
    require(who, "view")
    _check_length(text)
    graph = _graph(text, Images())
    return offload(lambda: svg(graph, view(graph)))


def _drawn(text: str, graph: Graph, images: Images, look: Look) -> dict[str, Any]:
    key = (digest(text), images)
    answer, shown = offload(_picture, text, graph, look)
    report = _reports.get(key)
    return {**answer, **(offload(_measured, report, shown, graph) if report else {})}


def _picture(text: str, graph: Graph, look: Look) -> tuple[dict[str, Any], View]:
    opening = set(look.open)
    if look.depth is not None:
        opening |= opened(graph, look.depth)
    if look.reveal in graph.by_id:
        opening |= path_to(graph, look.reveal or "", fold=look.fold)
    shown = view(graph, opening, fold=look.fold)
    answer = {
        "hash": graph.hash,
        "picture": picture(graph, shown, Source(text), opening if look.fold else ()),
        "open": sorted(opening),
        "problems": problems(graph, shown, mismatches(graph)),
        "facts": {},
        "totals": None,
        "measured": False,
        "notes": [],
    }
    return answer, shown


def _measured(report: Mapping[str, Any], shown: View, graph: Graph) -> dict[str, Any]:
    """The part of a report that belongs to what is drawn."""
    places = representatives(graph, shown)
    found = [{**problem, "shown": places.get(problem["node"] or "")} for problem in report["problems"]]
    kept = {name: report[name] for name in ("totals", "input", "output", "batch")}
    notes = [note for note in report["notes"] if note]
    return {**kept, "problems": found, "facts": facts_of(shown, report["facts"]), "measured": True, "notes": notes}


def _unread(text: str, error: UserError, place: Mapping[str, Any]) -> dict[str, Any]:
    problem = {"text": error.message, "node": None, "shown": None, "certain": True, "fix": None, **place}
    hint = error.hint if not isinstance(error, SourceError) else None
    problem["text"] += f" {hint}" if hint else ""
    nothing = {"picture": None, "open": [], "facts": {}, "totals": None, "measured": False, "notes": []}
    return {"hash": digest(text), "problems": [problem], **nothing}


def _span(text: str, error: SourceError) -> dict[str, int]:
    place = Source(text).utf16(error.offset)
    return {"start": place, "end": place}


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise UserError(
            f"The source has {len(text):,} characters; up to {LONGEST:,} are drawn.",
            field="source",
            hint="Move what is not part of the network elsewhere.",
        )


def _graph(text: str, images: Images) -> Graph:
    """The graph of a source, read in a native thread. Raises SourceError, UserError."""
    key = (digest(text), images)
    known = _graphs.get(key)
    if known is None:
        known = offload(lambda: read(Source(text), arguments=asdict(images)))
        _graphs.put(key, known, len(known.nodes))
    found: Graph = known
    return found


# -- editing -----------------------------------------------------------------------------------------------------


def edit(
    ctx: Context,
    who: Principal | None,
    text: str,
    asked: tuple[Mapping[str, Any], str],
    images: Images,
    look: Look,
) -> dict[str, Any]:
    """One edit of the graph, as ``asked``: (the edit as JSON, the hash of the text for which it was made).

    Answers what :func:`draw` does for the new source, with ``changes`` (what an editor does to the old text: ``from``,
    ``to`` in UTF-16 units, ``insert``), ``source``, ``added`` (new nodes) and ``said`` (notes for the person).
    Raises Conflict for a text that has changed since, CannotEdit with the reason, UserError for a wrong value.
    """
    require(who, "view")
    _check_length(text)
    values, made_for = asked
    if made_for != digest(text):
        raise Conflict(
            "The source has changed since this graph was drawn, so the edit was not done.",
            hint="Look at the new graph and do it again.",
        )
    graph = _graph(text, images)
    result, changes = offload(lambda: _apply(text, values, graph, images))
    _check_length(result.source)
    _graphs.put((result.hash, images), result.graph, len(result.graph.nodes))
    answer = _drawn(result.source, result.graph, images, look)
    return {
        **answer,
        "source": result.source,
        "changes": changes,
        "added": list(result.added),
        "said": list(result.notes),
    }


def _apply(text: str, values: Mapping[str, Any], graph: Graph, images: Images) -> tuple[Any, list[dict[str, Any]]]:
    """LibCST comes in here: its 0.2 s are not spent before somebody edits."""
    from models.source.edit import apply
    from models.source.edits import from_json as edit_from

    source = Source(text)
    result = apply(source, edit_from(values), arguments=asdict(images), graph=graph)
    changes = [
        {"from": source.utf16(change.start), "to": source.utf16(change.end), "insert": change.text}
        for change in result.changes
    ]
    return result, changes


# -- measuring ---------------------------------------------------------------------------------------------------


def may_measure(ctx: Context, who: Principal | None) -> bool:
    """Whether ``who`` may have source of their own run by an inspector."""
    return who is not None and can(who, "run_code") and (ctx.settings.allow_custom_code or who.role == "admin")


def measure(
    ctx: Context, who: Principal | None, text: str, images: Images, look: Look, job: str | None = None
) -> dict[str, Any]:
    """The same as :func:`draw` with shapes, parameters, FLOPs, memory and receptive fields, from one run in an
    inspector on the meta device. Whoever may not run own code may still measure the library and the source of a
    ``job`` that they may see. Raises NotAllowed, InspectorTimeout, InspectorDied.
    """
    who = require(who, "view")
    _check_length(text)
    key = (digest(text), images)
    if _reports.get(key) is None:
        if not may_measure(ctx, who) and not _vetted(ctx, who, text, job):
            raise NotAllowed(
                "Shapes are not measured: on this server you may not run source of your own.",
                hint="The drawing needs no run. Ask an admin (setting allow_custom_code, or the role member).",
            )
        if not _is_python(text, images):
            return draw(ctx, who, text, images, look)
        report, _ = ctx.inspectors.ask("describe_network", {"source": text, **asdict(images)}, (), MEASURE_DEADLINE)
        _reports.put(key, report, len(report["facts"]))
    return draw(ctx, who, text, images, look)


def _is_python(text: str, images: Images) -> bool:
    """False where there is nothing to run. What reading cannot find in good Python may be found by tracing it."""
    try:
        _graph(text, images)
    except SourceError:
        return False
    except UserError:
        return True
    return True


def _vetted(ctx: Context, who: Principal, text: str, job: str | None) -> bool:
    """Whether the text is one that the server has from elsewhere than this request."""
    if any(network.source == text for network in library):
        return True
    return job is not None and text in source_of_job(ctx, who, job)


def source_of_job(ctx: Context, who: Principal | None, job_id: str) -> list[str]:
    """The sources of a model (one) or of a saved network (every version). Raises NotFound."""
    row = find_job(ctx, who, job_id)
    if row.type == "network":
        from app.services.designs import versions

        return [version["source"] for version in versions(ctx, row)]
    try:
        return [(ctx.store.folder(row.id).artifacts / "network.py").read_text(encoding="utf-8")]
    except OSError:
        raise NotFound(f"{row.name} has no network source.") from None


def totals(text: str, images: Images) -> dict[str, Any] | None:
    """What was measured of a source before: parameters, FLOPs and bytes; None where it was not."""
    report = _reports.get((digest(text), images))
    return report["totals"] if report else None


# -- comparing ---------------------------------------------------------------------------------------------------


def compare(ctx: Context, who: Principal | None, before: str, after: str, images: Images) -> dict[str, Any]:
    """Layers added, removed and changed between two sources; shapes and costs where both were measured before or
    ``who`` may measure. Raises SourceError or UserError where one of them cannot be read."""
    from models.source.diff import difference

    sides = [_side(ctx, who, text, images) for text in (before, after)]
    found = offload(difference, *sides)
    measured = all(side.parameters is not None for side in sides)
    return {**asdict(found), "same": found.same, "text_same": before == after, "measured": measured}


def _side(ctx: Context, who: Principal | None, text: str, images: Images) -> Any:
    from models.source.diff import Side

    require(who, "view")
    _check_length(text)
    graph = _graph(text, images)
    report = _reports.get((digest(text), images))
    if report is None and may_measure(ctx, who):
        try:
            measure(ctx, who, text, images, Look())
            report = _reports.get((digest(text), images))
        except UserError:  # a network that cannot be run is still compared by its source
            report = None
    if report is None or report["problems"]:
        return Side(graph)
    known = {
        name: Facts(**{**values, "outputs": _tuples(values["outputs"])}) for name, values in report["facts"].items()
    }
    return Side(graph, known, report["totals"]["parameters"], report["totals"]["flops"])


def _tuples(shapes: list[list[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(shape) for shape in shapes)


# -- the palette -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def layers() -> list[dict[str, Any]]:
    """The palette: every layer and function with its typed arguments."""
    return [_entry(entry) for entry in palette()]


def _entry(entry: PaletteEntry) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in ("op", "title", "group", "summary", "layer")}
    return {**values, "insertable": entry.initial is not None, "arguments": [asdict(a) for a in entry.arguments]}


_documentation: dict[str, str] = {}


def documentation(ctx: Context, who: Principal | None, op: str) -> dict[str, str]:
    """torch's docstring of a layer of the palette. Raises NotFound."""
    require(who, "view")
    if all(entry["op"] != op for entry in layers()):
        raise NotFound(f"There is no layer {op} in the palette.")
    if op not in _documentation:
        answer, _ = ctx.inspectors.ask("document_layer", {"op": op})
        _documentation[op] = answer["text"]
    return {"op": op, "text": _documentation[op]}
