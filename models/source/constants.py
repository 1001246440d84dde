"""Constant folding with bounds: what the numbers of a network come to, without ever running its source."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

WIDEST = 4_096
"""Bits of the largest whole number, and thousands of characters of the longest text, that folding makes."""


class CannotFold(Exception):
    """The operation has no value that can be told (or only one too large to want)."""


def _power(a: Any, b: Any) -> Any:
    if isinstance(a, int) and isinstance(b, int) and a.bit_length() * abs(b) > WIDEST:
        raise CannotFold
    return a**b


def _times(a: Any, b: Any) -> Any:
    if isinstance(a, str | bytes) or isinstance(b, str | bytes):
        raise CannotFold
    return a * b


def _shift(a: int, b: int) -> int:
    if b > WIDEST:
        raise CannotFold
    return a << b


_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _times,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.LShift: _shift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "bool": bool,
    "divmod": divmod,
    "float": float,
    "int": int,
    "len": len,
    "max": max,
    "min": min,
    "round": round,
    "str": str,
    **{
        f"math.{name}": getattr(math, name) for name in ("ceil", "floor", "sqrt", "log", "log2", "log10", "exp", "prod")
    },
}
_ERRORS = (TypeError, ValueError, ArithmeticError)


def _checked(value: Any) -> Any:
    if isinstance(value, int) and value.bit_length() > WIDEST:
        raise CannotFold
    if isinstance(value, str | bytes) and len(value) > WIDEST * 1000:
        raise CannotFold
    if isinstance(value, complex):
        raise CannotFold
    return value


def binary(op: ast.operator, a: Any, b: Any) -> Any:
    """``a op b``. Raises CannotFold; a ``%`` on text (formatting) is not folded."""
    function = _BINARY.get(type(op))
    if function is None or (isinstance(a, str | bytes) and isinstance(op, ast.Mod)):
        raise CannotFold
    try:
        return _checked(function(a, b))
    except _ERRORS:
        raise CannotFold from None


def unary(op: ast.unaryop, a: Any) -> Any:
    """``op a``. Raises CannotFold."""
    try:
        return _checked(_UNARY[type(op)](a))
    except _ERRORS:
        raise CannotFold from None


def compare(op: ast.cmpop, a: Any, b: Any) -> bool:
    """``a op b`` for equality and order. Raises CannotFold."""
    try:
        return bool(_COMPARE[type(op)](a, b))
    except (KeyError, *_ERRORS):
        raise CannotFold from None


def foldable(path: str) -> bool:
    """Whether :func:`call` knows a function of that name ("max", "math.ceil")."""
    return path in _FUNCTIONS


def call(path: str, args: list[Any], keywords: Mapping[str, Any]) -> Any:
    """A known pure function on constants. Raises CannotFold."""
    if path == "str" and any(isinstance(arg, int) and not isinstance(arg, bool) for arg in args):
        args = [_small(arg) for arg in args]
    try:
        return _checked(_FUNCTIONS[path](*args, **keywords))
    except (*_ERRORS, KeyError):
        raise CannotFold from None


def _small(number: Any) -> Any:
    if isinstance(number, int) and number.bit_length() > 256:
        raise CannotFold
    return number
