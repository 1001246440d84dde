"""Which layers of a network, by the names that PyTorch gives them, what is drawn stands for. Pure."""

from __future__ import annotations

from models.source.fold import View
from models.source.graph import Graph, Node


def layers_of(graph: Graph, view: View) -> dict[str, list[str]]:
    """For everything drawn the outermost modules that it stands for: ``{"stage1#1": ["stage1"], "relu#1": []}``.

    A name may hold ``*`` where a loop of unknown length makes the layers (``blocks.*``).
    """
    return {item.id: list(dict.fromkeys(n for m in item.members for n in _names(graph, m))) for item in view.nodes}


def _names(graph: Graph, node_id: str) -> list[str]:
    node = graph.by_id[node_id]
    if node.module:
        return _turns(node)
    return [name for child in graph.children.get(node_id, ()) for name in _names(graph, child.id)]


def _turns(node: Node) -> list[str]:
    """``body.*`` as body.1 to body.4 for a layer of a sequence that comes four times from place 1 on."""
    name, times = node.module or "", node.repeat.times if node.repeat is not None else None
    if name.endswith(".*") and times and node.label.isdigit():
        return [f"{name[:-1]}{int(node.label) + turn}" for turn in range(times)]
    return [name]
