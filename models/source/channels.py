"""How many channels every value of a graph has, told from the source alone, and layers that expect another number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from models.source.edits import SetArgument
from models.source.graph import Edge, Graph, Node

_IN = {"nn.Linear": ("in_features", "out_features"), "nn.Bilinear": ("in1_features", "out_features")}
_CONV = {
    f"nn.{name}" for name in ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
}
_NORM = {f"nn.{kind}Norm{d}d": "num_features" for kind in ("Batch", "Instance") for d in (1, 2, 3)}
_NORM["nn.GroupNorm"] = "num_channels"
_SAME_NAMES = (
    "ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh Sigmoid Tanh "
    "Softplus Softsign Softmax LogSoftmax Threshold Dropout Dropout1d Dropout2d AlphaDropout Identity "
    "LocalResponseNorm relu relu6 leaky_relu gelu silu elu mish hardswish hardsigmoid sigmoid tanh softplus "
    "softmax log_softmax dropout dropout2d relu_ contiguous clone detach abs clamp neg mul div sub add "
    "batch_norm normalize StochasticDepth"
)
_SAME = frozenset(_SAME_NAMES.split())
"""Operations after which every dimension is as it was."""
_WINDOW_NAMES = (
    "MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d LPPool2d max_pool2d avg_pool2d Upsample "
    "interpolate ZeroPad2d ReflectionPad2d ReplicationPad2d ConstantPad2d"
)
_WINDOW = frozenset(_WINDOW_NAMES.split())
"""Operations that change rows and columns, and no channels."""


@dataclass(frozen=True)
class Width:
    """What is known of a value: channels (dimension 1), and the number of pixels of each where that is sure; ``flat``
    once it has no pixels any more and the channels are features; ``origin`` is the node that decided on them."""

    channels: int | None = None
    pixels: int | None = None
    flat: bool = False
    origin: str = ""


@dataclass(frozen=True)
class Suggestion:
    """A layer that does not fit what it is given, in words, with the edit that mends it where there is one."""

    node: str
    text: str
    edit: SetArgument | None = None


def widths(graph: Graph) -> dict[str, Width]:
    """What is known of the first output of every node. Nothing is guessed: what cannot be told is unknown."""
    return _Walk(graph).known


def mismatches(graph: Graph) -> tuple[Suggestion, ...]:
    """Layers whose ``in_channels``, ``in_features`` or ``num_features`` differ from what arrives."""
    return tuple(_Walk(graph).wrong)


class _Walk:
    """One pass over the graph, level by level."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known: dict[str, Width] = {}
        self.wrong: list[Suggestion] = []
        self._level(None, [])

    def _level(self, parent: str | None, given: list[Width]) -> Width:
        """Walk the inside of a container; what its first output has."""
        entered = iter(given)
        out: list[Width] = []
        for node in self.graph.children.get(parent, ()):
            edges = self.graph.into.get(node.id, ())
            arrive = [self._of(edge) for edge in edges]
            if node.kind == "input":
                self.known[node.id] = next(entered, Width())
            elif node.container:
                self.known[node.id] = self._inside(node, arrive)
            else:
                self.known[node.id] = self._after(node, edges, arrive)
                if node.repeat is not None and node.repeat.times != 1:
                    self._after(node, edges, [self.known[node.id], *arrive[1:]])
            if node.kind == "output":
                out.append(self.known[node.id])
        return out[0] if out else Width()

    def _of(self, edge: Edge) -> Width:
        return self.known.get(edge.source, Width()) if not edge.index else Width()

    def _inside(self, node: Node, arrive: list[Width]) -> Width:
        result = self._level(node.id, arrive)
        if node.kind != "repeat" and (node.repeat is None or node.repeat.times == 1):
            return result
        known = dict(self.known)
        again = self._level(node.id, [result, *arrive[1:]])  # the second turn is given what the first one gave
        self.known = known
        return result if again.channels == result.channels else Width()

    def _after(self, node: Node, edges: tuple[Edge, ...], arrive: list[Width]) -> Width:
        first = arrive[0] if arrive else Width()
        title = node.op.rsplit(".", 1)[-1]
        if node.kind == "output":
            return first
        if node.op in _CONV:
            self._expect(node, edges, first, "in_channels", "channels")
            return Width(number(node, "out_channels"), origin=node.id)
        if node.op in _NORM:
            self._expect(node, edges, first, _NORM[node.op], "channels")
            return Width(number(node, _NORM[node.op]), first.pixels, first.flat, first.origin or node.id)
        if node.op == "nn.Linear":
            if first.flat:
                self._expect(node, edges, first, "in_features", "features")
            return Width(number(node, "out_features"), None, True, node.id) if first.flat else Width()
        if node.op in ("torch.cat", "torch.concat"):
            return self._cat(node, arrive)
        if title in _SAME:
            return self._same(arrive)
        if title in _WINDOW:
            return replace(first, pixels=None)
        return _reshaped(node, title, first)

    def _same(self, arrive: list[Width]) -> Width:
        channels = {width.channels for width in arrive}
        return arrive[0] if len(arrive) == 1 or (len(channels) == 1 and None not in channels) else Width()

    def _cat(self, node: Node, arrive: list[Width]) -> Width:
        if number(node, "dim") not in (1, -3) or any(width.channels is None for width in arrive):
            return Width()
        pixels = {width.pixels for width in arrive}
        total = sum(width.channels or 0 for width in arrive)
        return Width(total, pixels.pop() if len(pixels) == 1 else None, arrive[0].flat, node.id)

    def _expect(self, node: Node, edges: tuple[Edge, ...], given: Width, argument: str, what: str) -> None:
        expected, got = number(node, argument), given.channels
        if expected is None or got is None or expected == got or not edges:
            return
        source = self.graph.by_id[given.origin or edges[0].source].spoken
        text = f"{node.spoken} expects {expected:,} {what}, gets {got:,} from {source}."
        if all(suggestion.node != node.id for suggestion in self.wrong):
            self.wrong.append(Suggestion(node.id, text, fix(node, argument, got)))


def _reshaped(node: Node, title: str, first: Width) -> Width:
    if title.startswith(("Adaptive", "adaptive")):
        side = number(node, "output_size")
        return replace(first, pixels=None if side is None else side**2 if title.lower().endswith("2d") else side)
    if title in ("flatten", "Flatten"):
        from_one = number(node, "start_dim") == 1 or (title == "Flatten" and node.argument("start_dim") is None)
        if from_one and node.argument("end_dim") is None and first.channels is not None and first.pixels is not None:
            return Width(first.channels * first.pixels, None, True, first.origin)
        return Width(None, None, flat=from_one)
    if title == "mean":
        dims = next((a.value or a.text for a in node.args if a.name in (None, "dim")), "")
        both = dims.replace(" ", "").strip("()[],") in ("2,3", "-2,-1", "-1,-2", "3,2")
        kept = any(argument.name == "keepdim" for argument in node.args)
        return Width(first.channels, 1 if kept else None, not kept, first.origin) if both else Width()
    return Width()


def number(node: Node, name: str) -> int | None:
    """The whole number that an argument comes to."""
    argument = node.argument(name)
    text = "" if argument is None else argument.value or argument.text
    return int(text) if text.lstrip("-").isdigit() else None


def fix(node: Node, argument: str, value: int) -> SetArgument | None:
    """The edit that gives a layer another size: of the argument if it is a number or a sum of numbers, else of the
    number that reaches it through names; None where the source computes it otherwise."""
    given = node.argument(argument)
    if given is None or node.locked or node.maker:
        return None
    if not any(character.isalpha() for character in given.text):
        return SetArgument(node=node.id, argument=argument, value=str(value))
    if given.literal is not None:
        return SetArgument(node=node.id, argument=argument, value=str(value), literal=True)
    return None


def by_source(graph: Graph, edge: Edge, known: Mapping[str, Width] | None = None) -> int | None:
    """The channels (or features) of the value on an edge."""
    return (known or widths(graph)).get(edge.source, Width()).channels if not edge.index else None
