"""Runs a network once and says of every call which node of the graph it is. Leaves no hooks behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from types import FrameType
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from models.source.graph import Graph
from models.source.sites import Passed, Places, Sites, depth
from models.source.text import Source

_QUIET = frozenset(
    {"size", "dim", "stride", "numel", "is_floating_point", "__len__", "__repr__", "__format__", "__bool__"}
)


@dataclass
class Call:
    """A module whose forward is running: ``node`` is its call site, ``above`` how deep the stack was around it."""

    module: nn.Module
    node: str | None
    above: int
    known: bool
    passed: Passed = field(default_factory=Passed)
    started: Any = None


class Watcher:
    """What is done with every call; the default does nothing. ``begin`` gives what ``end`` gets back."""

    def begin(self, node: str, module: nn.Module | None, args: Any) -> Any:
        """A node starts."""

    def end(self, node: str, module: nn.Module | None, args: Any, result: Any, begun: Any) -> None:
        """A node has given its result."""

    def replaced(self, node: str, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Other arguments for a module, or None."""
        return None

    def failed(self, node: str, args: Any, error: Exception) -> Any:
        """A node failed: what to go on with, or raise the error."""
        raise error


class Tracer(TorchFunctionMode):
    """Tells a watcher of every module and function that the graph knows, in the order in which they run."""

    def __init__(self, graph: Graph, source: Source, file: str, watcher: Watcher) -> None:
        super().__init__()
        self._sites = Sites(graph)
        self._places = Places(source, file)
        self._watcher = watcher
        self._graph = graph
        self._calls: list[Call] = []
        self._handles: list[Any] = []
        self.last: str | None = None
        """The node that was being computed last: where an error belongs."""

    @contextmanager
    def watching(self, network: nn.Module) -> Iterator[Tracer]:
        """Hooks on every module of the network, for the time of the block."""
        for module in network.modules():
            self._handles.append(module.register_forward_pre_hook(self._before, with_kwargs=True))
            self._handles.append(module.register_forward_hook(self._after, with_kwargs=True, always_call=True))
        try:
            with self:
                yield self
        finally:
            for handle in self._handles:
                handle.remove()
            self._handles.clear()
            self._calls.clear()

    def _locate(self, frame: FrameType | None) -> str | None:
        """The node of the call that is being made, None where the graph has none for it."""
        if not self._calls or not self._calls[-1].known:
            return None
        call = self._calls[-1]
        frames = self._places.frames(frame, call.above)
        if not frames:
            return self._sites.element(call.node, call.passed.visit(call.node, None))
        holder = call.node
        for outer, inner in pairwise(frames):
            found = self._inside(call.passed, holder, outer, inner)
            if found is None:
                return None
            holder = found
        span = self._places.span(frames[-1])
        return self._sites.at(holder, span, call.passed.visit(holder, span)) if span is not None else None

    def _inside(self, passed: Passed, holder: str | None, outer: FrameType, inner: FrameType) -> str | None:
        """The node of the function or method of the file that ``outer`` has called."""
        span = self._places.span(outer)
        if span is None:
            return None
        known = passed.inner.get((holder, span))
        if known is not None and known[0] is inner:
            return known[1]
        node = self._sites.at(holder, span, passed.visit(holder, span))
        passed.inner[holder, span] = (inner, node)
        passed.forget(node)
        return node

    def _before(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        frame = sys._getframe(1)
        root = not self._calls
        node = None if root else self._locate(frame)
        known = root or (node is not None and self._graph.by_id[node].container)
        call = Call(module, node, depth(frame), known)
        changed = self._watcher.replaced(node, module, args) if node is not None else None
        if node is not None:
            self.last = node
            call.started = self._watcher.begin(node, module, (changed or args, kwargs))
        self._calls.append(call)
        return None if changed is None else (changed, kwargs)

    def _after(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if not self._calls or self._calls[-1].module is not module:
            return  # the hook also runs when a forward failed before this one began
        call = self._calls.pop()
        if call.node is not None and result is not None:
            self._watcher.end(call.node, module, (args, kwargs), result, call.started)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _QUIET or not self._calls or not self._calls[-1].known:
            return func(*args, **kwargs)
        frame: FrameType | None = sys._getframe(1)
        node = self._locate(frame) if self._places.frames(frame, self._calls[-1].above) else None
        if node is None or self._graph.by_id[node].container or self._graph.by_id[node].kind == "layer":
            return func(*args, **kwargs)
        return self._run(node, func, args, kwargs)

    def _run(self, node: str, func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        self.last = node
        begun = self._watcher.begin(node, None, (args, kwargs))
        try:
            result = func(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  whatever it is, the watcher says whether to go on
            result = self._watcher.failed(node, (args, kwargs), error)
        self._watcher.end(node, None, (args, kwargs), result, begun)
        return result
