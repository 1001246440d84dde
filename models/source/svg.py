"""A plain SVG picture of a graph, made without a browser: layers in rows by their distance from the input. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from html import escape

from models.source.fold import Shown, View
from models.source.graph import Graph
from models.source.picture import summary

_WIDTH, _HEIGHT, _ASIDE, _BELOW, _MARGIN = 190, 40, 24, 30, 16


def svg(graph: Graph, view: View) -> str:
    """The picture of what ``view`` draws; open containers are passed over, their insides are drawn."""
    nodes = [item for item in view.nodes if not item.open]
    rows = _rows(nodes, {(link.source, link.target) for link in view.links})
    widest = max((len(row) for row in rows), default=1)
    places: dict[str, tuple[float, float]] = {}
    for depth, row in enumerate(rows):
        left = _MARGIN + (widest - len(row)) * (_WIDTH + _ASIDE) / 2
        for column, name in enumerate(row):
            places[name] = (left + column * (_WIDTH + _ASIDE), _MARGIN + depth * (_HEIGHT + _BELOW))
    width = 2 * _MARGIN + widest * (_WIDTH + _ASIDE) - _ASIDE
    height = 2 * _MARGIN + len(rows) * (_HEIGHT + _BELOW) - _BELOW
    lines = [_line(places, link.source, link.target) for link in view.links]
    boxes = [_box(graph, item, *places[item.id]) for item in nodes]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, *lines, *boxes, "</svg>"])


def _rows(nodes: list[Shown], links: set[tuple[str, str]]) -> list[list[str]]:
    """Ids by the length of the longest way to them. Nodes stand in the order in which they are used."""
    before = defaultdict(list)
    for source, target in links:
        before[target].append(source)
    depth: dict[str, int] = {}
    for item in nodes:
        depth[item.id] = max((depth[source] + 1 for source in before[item.id] if source in depth), default=0)
    rows: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, row in depth.items():
        rows[row].append(name)
    return rows


def _line(places: Mapping[str, tuple[float, float]], source: str, target: str) -> str:
    if source not in places or target not in places:
        return ""
    (x1, y1), (x2, y2) = places[source], places[target]
    x1, x2, y1 = x1 + _WIDTH / 2, x2 + _WIDTH / 2, y1 + _HEIGHT
    bend = (y1 + y2) / 2
    path = f"M{x1:g} {y1:g}C{x1:g} {bend:g} {x2:g} {bend:g} {x2:g} {y2:g}"
    return f'<path d="{path}" fill="none" stroke="#75859a" stroke-width="1.4"/>'


def _box(graph: Graph, item: Shown, x: float, y: float) -> str:
    node = graph.by_id[item.members[0]]
    times = f" ×{item.times}" if item.times and item.times > 1 else ""
    title = " ".join(dict.fromkeys(part.rsplit(".", 1)[-1] for part in item.op.split()))
    below = summary(node) if item.kind == "node" else f"{item.count} layers"
    name = item.label if node.kind in ("input", "output") else f"{item.label}{times} · {title}"
    return (
        f'<g transform="translate({x:g} {y:g})"><rect width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="#ffffff" '
        f'stroke="#9aa8b8"/><text x="9" y="17" font-weight="600" fill="#1b2733">{escape(name[:28])}</text>'
        f'<text x="9" y="33" font-size="10.5" fill="#55657a">{escape(below)}</text></g>'
    )
