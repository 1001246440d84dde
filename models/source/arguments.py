"""Arguments of calls: starred ones written out, partial ones joined, positional ones named."""

from __future__ import annotations

from dataclasses import replace

from models.source.base import tensors
from models.source.graph import Argument, Repeat
from models.source.values import Container, Element, Given, Items, Repeated


def has_tensors(given: list[Given]) -> bool:
    """Whether any argument is or holds a tensor."""
    return any(True for one in given for _ in tensors(one.value))


def merged(first: list[Given], then: list[Given]) -> list[Given]:
    """The arguments of a partial and those of its call; a later keyword wins."""
    later = {one.name for one in then}
    places = [one for one in (*first, *then) if one.name in (None, "*")]
    return [
        *places,
        *(one for one in first if one.name not in (None, "*") and one.name not in later),
        *(one for one in then if one.name not in (None, "*")),
    ]


def spread(given: list[Given]) -> tuple[list[Given], dict[str, Given], bool]:
    """Positional and keyword arguments with ``*`` and ``**`` written out; the last says that some cannot be told."""
    plain: list[Given] = []
    keywords: dict[str, Given] = {}
    open_ended = False
    for one in given:
        items = one.value.items if isinstance(one.value, Container) else one.value
        if one.name is None:
            plain.append(one)
        elif one.name in ("*", "**"):
            entries = items.entries if isinstance(items, Items) else [Repeated([], Repeat("?"))]
            elements = [entry for entry in entries if isinstance(entry, Element)]
            open_ended = open_ended or len(elements) < len(entries)
            if one.name == "*":
                plain += [Given(None, element.value) for element in elements]
            keywords |= {str(e.key): Given(str(e.key), e.value) for e in elements if one.name == "**"}
        else:
            keywords[one.name] = one
    return plain, keywords, open_ended


def with_names(given: list[Given], places: list[str]) -> tuple[Argument, ...]:
    """The arguments as written; positional ones get the names of ``places``."""
    names = iter(places)
    found = []
    for one in given:
        if one.argument is not None:
            name = next(names, None) if one.name is None else one.name
            found.append(replace(one.argument, name=name))
    return tuple(found)
