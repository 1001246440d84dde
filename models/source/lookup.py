"""Questions about values that are known in part: an element by number, identity, membership."""

from __future__ import annotations

import ast

from models.source.values import Const, Element, Entry, Extern, Items, Unknown, Value

SEVERAL_NAMES = (
    "MultiheadAttention LSTM GRU RNN LSTMCell split chunk unbind topk max min sort tensor_split "
    "split_with_sizes multi_head_attention_forward frexp slogdet svd qr median mode kthvalue"
)
SEVERAL = frozenset(SEVERAL_NAMES.split())
"""Layers and functions that give several tensors (max and min only with a dimension)."""
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
}


def literal_index(node: ast.expr) -> int | None:
    """The number that an index is written as."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else None


def at(entries: list[Entry], index: int) -> Value | None:
    """The element of a number, where no loop of unknown length stands before it."""
    walk = entries if index >= 0 else entries[::-1]
    index = index if index >= 0 else -1 - index
    for entry in walk:
        if isinstance(entry, Element):
            if index == 0:
                return entry.value
            index -= 1
            continue
        inner = entry.entries[0] if len(entry.entries) == 1 else None
        if not isinstance(inner, Element) or entry.repeat.times is None:
            return None
        if index < entry.repeat.times:
            return inner.value
        index -= entry.repeat.times
    return None


def identical(a: Value, b: Value) -> bool | None:
    """``a is b``, or None where that cannot be told."""
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return None
    if isinstance(a, Const) and isinstance(b, Const):
        return a.value is b.value or (a.value == b.value and type(a.value) is type(b.value))
    if isinstance(a, Extern) and isinstance(b, Extern):
        return a.path == b.path
    return a is b


def contains(items: Value, value: Value) -> bool | None:
    """``value in items``, or None where that cannot be told."""
    if not isinstance(items, Items) or (elements := items.elements()) is None or not isinstance(value, Const):
        return None
    if items.keyed:
        return any(element.key == value.value for element in elements)
    found = [element.value.value == value.value for element in elements if isinstance(element.value, Const)]
    return True if any(found) else None if len(found) < len(elements) else False
