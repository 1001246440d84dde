"""Places like ``self.features[3]`` that must follow when elements of that list of layers come or go."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from models.source.text import Change, Source
from models.source.workbench import CannotEdit

_SOME = re.compile(r"\bself\s*\.\s*\w+\s*\[\s*-?\s*\d")
Lists = dict[tuple[str, str], list[str]]


def follow(before: Source, after: Source) -> list[Change]:
    """What to change in ``before`` beside an edit that makes it ``after``, so that numbers mean the same elements.

    Only lists whose elements are all written out in ``self.name = nn.Sequential(...)`` (or ModuleList, or a list) are
    looked at. Raises CannotEdit where an element goes that somebody asks for by its number.
    """
    if not _SOME.search(before.text):
        return []
    old, new = _lists(before), _lists(after)
    moved = {key: _places(old[key], new[key]) for key in old.keys() & new.keys() if old[key] != new[key]}
    found = []
    for holder, name, index in _asked(before) if moved else ():
        key = holder, name
        number = ast.literal_eval(index)
        at = number if number >= 0 else number + len(old.get(key, ()))
        if key not in moved or not 0 <= at < len(old[key]):
            continue
        place = moved[key].get(at)
        if place is None:
            line = before.place(before.span(index).start)[0]
            raise CannotEdit(f"Line {line} asks for it as `self.{name}[{number}]`.", "Change the code there first.")
        place = place if number >= 0 else place - len(new[key])
        if place != number:
            span = before.span(index)
            found.append(Change(span.start, span.end, str(place)))
    return found


def _places(old: list[str], new: list[str]) -> dict[int, int]:
    """Where the elements of a list are in a later one; an element that was changed stays where it is."""
    found: dict[int, int] = {}
    for kind, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal" or (kind == "replace" and end - start == last - first):
            found |= {start + step: first + step for step in range(end - start)}
    return found


def _lists(source: Source) -> Lists:
    """The elements of every list of layers that is written out, by class and attribute."""
    found: Lists = {}
    for holder in _classes(source):
        for node in ast.walk(holder):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Attribute):
                continue
            elements = _elements(node.value)
            if elements and not any(isinstance(element, ast.Starred) for element in elements):
                found[holder.name, node.targets[0].attr] = [source.snippet(element) for element in elements]
    return found


def _elements(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.Call) and not value.keywords:
        only = value.args[0] if len(value.args) == 1 else None
        return only.elts if isinstance(only, ast.List | ast.Tuple) else value.args
    return value.elts if isinstance(value, ast.List) else []


def _asked(source: Source) -> Iterator[tuple[str, str, ast.expr]]:
    """Class, attribute and number of every ``self.name[3]``."""
    for holder in _classes(source):
        for node in ast.walk(holder):
            if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Attribute):
                continue
            own = isinstance(node.value.value, ast.Name) and node.value.value.id == "self"
            if own and _is_number(node.slice):
                yield holder.name, node.value.attr, node.slice


def _is_number(index: ast.expr) -> bool:
    inner = index.operand if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub) else index
    return isinstance(inner, ast.Constant) and type(inner.value) is int


def _classes(source: Source) -> list[ast.ClassDef]:
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
