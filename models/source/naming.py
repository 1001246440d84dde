"""Names of a source: how it calls PyTorch, which attribute names are free, where a class makes its layers."""

from __future__ import annotations

import ast
import re
from collections.abc import Container
from dataclasses import dataclass
from itertools import chain, count

from data.errors import UserError
from models.source.splice import Syntax
from models.source.text import Change

_MODULES = {"nn": "torch.nn", "F": "torch.nn.functional", "torch": "torch"}
_IMPORTS = {"nn": "from torch import nn", "F": "import torch.nn.functional as F", "torch": "import torch"}
_STEMS = {
    "Conv": "conv",
    "ConvTranspose": "up",
    "Linear": "fc",
    "MaxPool": "pool",
    "AvgPool": "pool",
    "AdaptiveAvgPool": "pool",
    "AdaptiveMaxPool": "pool",
    "LPPool": "pool",
    "Dropout": "drop",
    "AlphaDropout": "drop",
    "TransformerEncoderLayer": "encoder",
}
"""What a layer is called where the file gives no example (dimensions left out)."""


@dataclass(frozen=True)
class Callee:
    """How the file writes an operation, and the import that it needs if it lacks one."""

    text: str
    changes: tuple[Change, ...] = ()


def callee(syntax: Syntax, op: str) -> Callee:
    """How this file calls "nn.Conv2d", "F.relu" or "torch.cat"."""
    head, _, rest = op.partition(".")
    path = _MODULES.get(head)
    if path is None or not rest.isidentifier():
        raise UserError(f"`{op}` is not a layer or function of PyTorch.", field="op")
    for known, name in _imported(syntax).items():
        if path == known or path.startswith(f"{known}."):
            return Callee(".".join([name, *path[len(known) + 1 :].split("."), rest]).replace("..", "."))
    return Callee(op, (_import(syntax, _IMPORTS[head]),))


def _imported(syntax: Syntax) -> dict[str, str]:
    """Modules of torch by path, and the names that the file's own imports give them; the most exact path first."""
    found: dict[str, str] = {}
    for node in syntax.source.tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.name if alias.asname else alias.name.split(".")[0]] = (
                    alias.asname or alias.name.split(".")[0]
                )
                if not alias.asname and alias.name.startswith("torch."):
                    found[alias.name] = alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {f"{node.module}.{alias.name}": alias.asname or alias.name for alias in node.names}
    wanted = {path: name for path, name in found.items() if path in _MODULES.values()}
    return dict(sorted(wanted.items(), key=lambda pair: -len(pair[0])))


def _import(syntax: Syntax, text: str) -> Change:
    """An import after the last one, or after the docstring, or at the top."""
    body = syntax.source.tree.body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    if imports:
        return syntax.after(imports[-1], text)
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return syntax.after(body[0], text)
    start = syntax.source.starts[0]
    return Change(start, start, text + syntax.newline)


def attributes(syntax: Syntax, cls: ast.ClassDef) -> set[str]:
    """Every name that the class (or anything of the file by attribute) knows: what a new one must not be."""
    names = {node.attr for node in syntax.nodes if isinstance(node, ast.Attribute)}
    return names | {node.name for node in cls.body if isinstance(node, ast.FunctionDef)} | set(_RESERVED)


_RESERVED_NAMES = (
    "training forward parameters modules children buffers train eval to type half float double apply compile "
    "cpu cuda state_dict load_state_dict zero_grad add_module extra_repr dump_patches call_super_init"
)
_RESERVED = frozenset(_RESERVED_NAMES.split())


def fresh(syntax: Syntax, cls: ast.ClassDef, op: str) -> str:
    """A free attribute name for a layer, in the manner of the file: "norm2" where it has "norm1"."""
    taken = attributes(syntax, cls)
    stem = _stem(syntax, cls, op)
    numbers = [int(name[len(stem) :]) for name in taken if re.fullmatch(re.escape(stem) + r"[0-9]{1,6}", name)]
    if not numbers and stem not in taken:
        return stem
    number = max(numbers, default=1) + 1
    return f"{stem}{number}"


def _stem(syntax: Syntax, cls: ast.ClassDef, op: str) -> str:
    """How the class calls layers of this kind, without their numbers."""
    title = op.rsplit(".", 1)[-1]
    for node in ast.walk(cls):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Call)
            and isinstance(node.targets[0], ast.Attribute)
        ):
            func = node.value.func
            if (func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")) == title:
                return node.targets[0].attr.rstrip("0123456789") or "layer"
    bare = re.sub(r"\dd$", "", title)
    if bare in _STEMS:
        return _STEMS[bare]
    return next((stem for end, stem in (("Norm", "norm"), ("Pad", "pad")) if bare.endswith(end)), bare.lower())


def checked(syntax: Syntax, cls: ast.ClassDef, name: str) -> str:
    """A chosen attribute name. Raises UserError where it is none or taken."""
    if not name.isidentifier() or name.startswith("__"):
        raise UserError(f"`{name}` is not a name.", field="name", hint="Use letters, digits and underscores.")
    if name in attributes(syntax, cls):
        raise UserError(f"`{cls.name}` already knows the name `{name}`.", field="name", hint="Choose another one.")
    return name


def variable(function: ast.FunctionDef, stem: str) -> str:
    """A free name for a variable of a function."""
    taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    taken |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    return unused(stem, taken)


def unused(stem: str, taken: Container[object]) -> str:
    """``stem``, or the first of stem2, stem3 ... that is not taken."""
    return next(name for name in chain([stem], (f"{stem}{i}" for i in count(2))) if name not in taken)


def self_of(syntax: Syntax, node: ast.AST) -> tuple[ast.ClassDef, str]:
    """The class in whose method a node stands, and what that method calls its object."""
    function, cls = syntax.function(node), syntax.cls(node)
    if function is None or cls is None or function not in cls.body or not function.args.args:
        raise UserError(
            "This place is not in a method of a network, so it has no layers.", field="edit", hint="Choose a function."
        )
    return cls, function.args.args[0].arg


def define(syntax: Syntax, cls: ast.ClassDef, line: str, near: list[ast.stmt]) -> list[Change]:
    """Put ``self.name = ...`` into the constructor: after the layer that comes before it, or after the last layer.

    ``line`` holds "{self}" where the object's name goes; ``near`` are statements that it may follow, best first.
    """
    init = next((n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
    if init is None:
        return [_constructor(syntax, cls, line)]
    text = line.replace("{self}", init.args.args[0].arg if init.args.args else "self")
    place = next((statement for statement in near if statement in init.body), None)
    if place is None:
        layers = [s for s in init.body if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Attribute)]
        place = (layers or init.body)[-1]
    return [syntax.after(place, text)]


def _constructor(syntax: Syntax, cls: ast.ClassDef, line: str) -> Change:
    """A constructor for a class that has none of its own."""
    first = cls.body[0]
    indent, end = syntax.indent(first), syntax.newline
    deeper = indent + ("\t" if indent.startswith("\t") else "    ")
    text = f"def __init__(self, *args, **kwargs):{end}{deeper}super().__init__(*args, **kwargs){end}"
    text += f"{deeper}{line.replace('{self}', 'self')}"
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        change = syntax.after(first, text)
        return change._replace(text=end + change.text)
    change = syntax.before(first, text)
    return change._replace(text=change.text + end)
