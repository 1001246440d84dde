"""Random edits, one after another, on every network of the library and on torchvision's files: what always holds."""

from __future__ import annotations

import importlib.util
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from data.errors import UserError
from models.networks import networks
from models.source import edits
from models.source.edit import EditResult, apply
from models.source.graph import Graph
from models.source.palette import find, palette
from models.source.parse import read
from models.source.text import apply_changes, digest
from tests.models.source.sources import COMMENTED

ARGUMENTS = {"channels": 3, "classes": 10}
OWN = [pytest.param(network.source, id=network.name) for network in networks]
OWN += [pytest.param(COMMENTED, id="commented"), pytest.param(COMMENTED.replace("\n", "\r\n"), id="crlf")]
FAMILIES = {
    "alexnet": "alexnet",
    "convnext": "convnext_tiny",
    "densenet": "densenet121",
    "efficientnet": "efficientnet_b0",
    "googlenet": "googlenet",
    "inception": "inception_v3",
    "maxvit": "maxvit_t",
    "mnasnet": "mnasnet1_0",
    "mobilenetv2": "mobilenet_v2",
    "mobilenetv3": "mobilenet_v3_small",
    "regnet": "regnet_y_400mf",
    "resnet": "resnet50",
    "shufflenetv2": "shufflenet_v2_x1_0",
    "squeezenet": "squeezenet1_1",
    "swin_transformer": "swin_t",
    "vgg": "vgg11_bn",
    "vision_transformer": "vit_b_16",
}
INSERTABLE = [entry.op for entry in palette() if entry.initial is not None]
SWAPPABLE = [
    entry.op for entry in palette() if "Norm" in entry.op or entry.group in ("Activation", "Pooling", "Function")
]
VALUES = {"ceil_mode": ["True"], "inplace": ["False"], "eps": ["1e-3"], "p": ["0.1"], "momentum": ["0.2"]}
KINDS = "insert insert delete delete set swap skip concatenate duplicate repeat rename"
KIND = st.sampled_from(KINDS.split())


def some_edit(draw: Any, graph: Graph) -> edits.Edit:
    """Any edit of any node or edge; most that make no sense are refused, which is a result as well."""
    kind = draw(KIND)
    node = draw(st.sampled_from([node.id for node in graph.nodes]))
    edge = draw(st.sampled_from([edge.id for edge in graph.edges])) if graph.edges else ""
    entry = find(graph.by_id[node].op)
    if kind == "set" and entry is not None:  # what **kwargs of a block take, only running it would tell
        argument = draw(st.sampled_from(sorted(VALUES)))
        value = draw(st.sampled_from([*VALUES[argument], None]))
        return edits.SetArgument(node=node, argument=argument, value=value)
    makers = {
        "insert": lambda: edits.InsertOnEdge(edge=edge, op=draw(st.sampled_from(INSERTABLE))),
        "delete": lambda: edits.Delete(node=node),
        "swap": lambda: edits.Swap(node=node, op=draw(st.sampled_from(SWAPPABLE))),
        "skip": lambda: edits.AddSkip(node=node, edge=edge),
        "concatenate": lambda: edits.Concatenate(node=node, edge=edge),
        "duplicate": lambda: edits.Duplicate(node=node),
        "repeat": lambda: edits.SetRepeat(node=node, count=draw(st.integers(0, 4))),
        "rename": lambda: edits.Rename(node=node, name=draw(st.sampled_from(["alpha", "beta7", "conv1"]))),
    }
    return makers.get(kind, makers["rename"])()


def call_sites(graph: Graph) -> Counter[str]:
    """How often every operation is done, repeated ones as often as they are repeated."""
    times: dict[str | None, int] = {None: 1}
    found: Counter[str] = Counter()
    for node in graph.nodes:
        repeat = node.repeat.times if node.repeat is not None else 1
        times[node.id] = times[node.parent] * (1 if repeat is None else repeat)
        if node.kind not in ("input", "output", "repeat", "parameter"):
            found[node.op] += times[node.id]
    return found


def comments(source: str) -> Counter[str]:
    """Every comment of a source."""
    tokens = tokenize.generate_tokens(io.StringIO(source, newline="").readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def check_graph(edit: edits.Edit, before: Graph, result: EditResult) -> None:
    """The new graph is the old one but for what the edit says."""
    old, new = call_sites(before), call_sites(result.graph)
    more, less = new - old, old - new
    if isinstance(edit, edits.InsertOnEdge):
        assert set(more) == {edit.op}
        assert not less
        _check_between(edit, before, result.graph)
    elif isinstance(edit, edits.Delete):
        assert before.by_id[edit.node].op in {*less, "for", "while"}
        assert not more
    elif isinstance(edit, edits.AddSkip | edits.Concatenate):
        assert set(more) == {"add" if isinstance(edit, edits.AddSkip) else "torch.cat"}
        assert not less
    elif isinstance(edit, edits.Duplicate):
        assert before.by_id[edit.node].op in more
        assert not less
    elif isinstance(edit, edits.Swap):
        assert set(more) <= {edit.op}
        assert set(less) <= {before.by_id[edit.node].op}
    elif isinstance(edit, edits.SetArgument | edits.Rename):
        assert new == old
    elif isinstance(edit, edits.SetRepeat):
        node = result.graph.by_id.get(edit.node) if edit.count else None  # none left: its id may be another's
        repeat = (node.repeat or node.loop) if node else None
        assert repeat is None or repeat.times == edit.count


def _check_between(edit: edits.InsertOnEdge, before: Graph, after: Graph) -> None:
    """The new node stands between the two ends of the edge."""
    edge = before.edge_by_id[edit.edge]
    source, target = before.by_id[edge.source].op, before.by_id[edge.target].op
    ends = {
        (after.by_id[first.source].op, after.by_id[second.target].op)
        for node in after.nodes
        if node.op == edit.op
        for first in after.into.get(node.id, ())
        for second in after.out_of.get(node.id, ())
    }
    assert (source, target) in ends


def play(data: Any, source: str, steps: int, root: str | None, arguments: Mapping[str, object] | None) -> str:
    """Do random edits; check each, then that undoing them all gives the first bytes; the last source."""
    now, undo, before = source, [], read(source, root, arguments)
    for _ in range(steps):
        edit = some_edit(data.draw, before)
        try:
            result = apply(now, edit, digest(now), root=root, arguments=arguments, graph=before)
        except UserError:
            continue
        assert apply_changes(now, result.changes) == result.source
        lost = comments(now) - comments(result.source)
        assert not lost or _on_lines_that_went(lost, now, result)
        check_graph(edit, before, result)
        undo.append(result.undo)
        now, before = result.source, result.graph
    back = now
    for changes in reversed(undo):
        back = apply_changes(back, changes)
    assert back == source
    return now


def _on_lines_that_went(lost: Counter[str], before: str, result: EditResult) -> bool:
    """Whether comments are lost only together with the code on their line."""
    after = Counter(line.strip() for line in result.source.splitlines())
    gone = Counter(line.strip() for line in before.splitlines()) - after
    return all(any(line.endswith(comment) and line != comment for line in gone) for comment in lost)


def built(source: str, package: str = "") -> ModuleType:
    """The source as a module, run for real: the tests trust it."""
    module = ModuleType("edited")
    module.__package__ = package
    sys.modules["edited"] = module  # dataclasses look their module up
    exec(compile(source, "edited.py", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("source", OWN)
@settings(
    max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(data=st.data())
def test_random_edits_of_the_library(source: str, data: Any) -> None:
    import torch

    now = play(data, source, 8, None, ARGUMENTS)
    with torch.device("meta"):
        network = built(now).Net(**ARGUMENTS)
    layers = [node for node in read(now, arguments=ARGUMENTS).nodes if node.kind == "layer" and node.module]
    names = {name for name, _ in network.named_modules()}
    for node in layers:
        assert node.module in names or "*" in str(node.module)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("family", FAMILIES)
@settings(
    max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(data=st.data())
def test_random_edits_of_torchvision(family: str, data: Any) -> None:
    import torch

    folder = importlib.util.find_spec("torchvision")
    assert folder is not None
    assert folder.origin is not None
    source = (Path(folder.origin).parent / "models" / f"{family}.py").read_text()
    now = play(data, source, 6, FAMILIES[family], None)
    with torch.device("cpu" if family == "regnet" else "meta"):  # it computes its widths with tensors
        build = built(_unregistered(now), "torchvision.models").__dict__[FAMILIES[family]]
        build(**({"init_weights": False} if family in ("googlenet", "inception") else {}))  # theirs takes a minute


def _unregistered(source: str) -> str:
    """The file without its decorators, which would register the same networks twice."""
    return "\n".join("" if line.startswith("@register_model") else line for line in source.splitlines())
