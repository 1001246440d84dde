"""Python source to graph, by reading alone: nothing of the source is run, whatever it holds."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from data.errors import UserError
from models.source.base import Site
from models.source.graph import Graph, Node
from models.source.loops import Reader
from models.source.recorder import Recorder, TooLarge
from models.source.text import Source
from models.source.values import (
    Class,
    Const,
    Container,
    Element,
    Entry,
    Function,
    Given,
    Instance,
    Items,
    Module,
    Repeated,
    Scope,
    Tensor,
    Value,
)

_LOST = ["nn.Module", "torch.nn.Module", "torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ModuleDict"]


def read(source: Source | str, root: str | None = None, arguments: Mapping[str, object] | None = None) -> Graph:
    """The graph of the network ``root`` of a source.

    ``root`` names a class, or a function that makes an object of one; by default it is ``Net``, else the last class of
    the file that is a module and that no other one uses. ``arguments`` are the constructor's as far as they are known
    (numbers, texts, booleans, None): with them more can be told about counts and conditions. Raises SourceError where
    the text is not Python and UserError where it has no network.
    """
    source = Source(source) if isinstance(source, str) else source
    reader = Reader(source)
    scope = Scope()
    recorder = Recorder()
    name = ""
    try:
        reader.run(source.tree.body, scope)
        name, network = _root(reader, scope, root, arguments or {})
        reader.recorder = recorder
        _forward(reader, network)
    except TooLarge as error:
        reader.note(str(error))
    except RecursionError:
        reader.note("Expressions are nested too deeply; the rest is not drawn.")
    return Graph(
        _shared(recorder), tuple(recorder.edges.values()), name or root or "", source.hash, tuple(reader.notes)
    )


def networks_in(source: Source | str) -> list[str]:
    """The names of the classes of a file that derive from nn.Module, in the order of the file."""
    source = Source(source) if isinstance(source, str) else source
    reader, scope = Reader(source), Scope()
    try:
        reader.run(source.tree.body, scope)
    except (TooLarge, RecursionError):
        return [node.name for node in source.tree.body if isinstance(node, ast.ClassDef)]
    return [name for name, value in scope.names.items() if isinstance(value, Class) and is_module(value)]


def is_module(cls: Class) -> bool:
    """Whether a class derives from nn.Module, as far as the file tells."""
    base = cls.extern()
    return base is not None and (base.startswith("torch.nn") or base.rsplit(".", 1)[-1] in ("Module", "Sequential"))


def _root(reader: Reader, scope: Scope, root: str | None, arguments: Mapping[str, object]) -> tuple[str, Instance]:
    name = root or _default_root(reader.source, scope)
    value = scope.names.get(name)
    if not isinstance(value, Class | Function):
        raise UserError(f"The source has no class or function `{name}`.", field="source")
    given = [Given(key, Const(item)) for key, item in arguments.items() if _wants(value, key)]
    network = reader.call(value, given, Site())
    if not isinstance(network, Instance):
        raise UserError(f"What `{name}` makes cannot be read from the source.", field="source")
    _paths(network, "")
    return name, network


def _wants(value: Class | Function, key: str) -> bool:
    """Whether a constructor takes an argument of that name."""
    function = value.find("__init__") if isinstance(value, Class) else value
    if not isinstance(function, Function):
        return False
    spec = function.node.args
    return key in {arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}


def _default_root(source: Source, scope: Scope) -> str:
    modules = [name for name, value in scope.names.items() if isinstance(value, Class) and is_module(value)]
    if not modules:
        raise UserError(
            "The source has no network.", field="source", hint="Write a class Net that derives from nn.Module."
        )
    if "Net" in modules:
        return "Net"
    used = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    unused = [name for name in modules if name not in used]
    return (unused or modules)[-1]


def _forward(reader: Reader, network: Instance) -> None:
    """Draw the forward of the network itself: its parameters are the inputs."""
    board = reader.board
    forward = network.cls.find("forward") if network.cls else None
    if not isinstance(forward, Function):
        start = board.add(Node("input", "x", "input", "input"))
        result = reader.module_call(network, [Given(None, start)], Site())
        _outputs(reader, result, None)
        return
    bound = Function(forward.node, forward.scope, forward.owner, network)
    names = {name: one.value for name, one in reader.bind(bound, []).items()}
    places = [arg for arg in (*forward.node.args.posonlyargs, *forward.node.args.args)][1:]
    required = len(places) - len(forward.node.args.defaults)
    for place in places[: max(required, 1)]:
        drawn = Node("input", place.arg, "input", "input", location=reader.source.span(place))
        names[place.arg] = board.add(replace(drawn, id=place.arg))
    value, returned = reader.body(bound, names)
    _outputs(reader, value, returned)


def _outputs(reader: Reader, value: Value, node: ast.expr | None) -> None:
    reader.leave(value, node, Tensor("", reader.board.drawing))


def _paths(module: Module, path: str) -> None:
    """Give every layer the path under which torch knows it."""
    if path and module.path is not None:
        return
    module.path = path
    dot = f"{path}." if path else ""
    if isinstance(module, Instance):
        for name, value in module.attributes.items():
            if isinstance(value, Module) and value is not module:
                _paths(value, dot + name)
    items = module.items if isinstance(module, Container | Instance) else None
    if items is not None:
        _entry_paths(items.entries, dot)


def _entry_paths(entries: list[Entry], dot: str) -> None:
    index: int | None = 0
    for entry in entries:
        if isinstance(entry, Repeated):
            for inner in entry.entries:
                if isinstance(inner, Element) and isinstance(inner.value, Module):
                    _paths(inner.value, f"{dot}*")
            size = Items(entries=[entry]).length()
            index = None if index is None or size is None else index + size
            continue
        if isinstance(entry.value, Module):
            _paths(entry.value, dot + str(entry.key if entry.key is not None else "*" if index is None else index))
        index = None if index is None else index + 1


def _shared(recorder: Recorder) -> tuple[Node, ...]:
    """The nodes, each with how many the same piece of source makes."""
    times = Counter(_place(node) for node in recorder.nodes.values())
    return tuple(replace(node, shared=times[_place(node)]) for node in recorder.nodes.values())


def _place(node: Node) -> object:
    if node.location is not None:
        return (node.kind == "input", node.location)
    return node.definition if node.definition is not None else node.id
