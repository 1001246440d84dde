"""Reads calls of Python's builtins and standard library on lists and numbers."""

from __future__ import annotations

import ast
from dataclasses import replace

from models.source.arguments import spread
from models.source.base import Site
from models.source.calls import Calls
from models.source.graph import Repeat
from models.source.values import (
    Const,
    Container,
    Element,
    Entry,
    Extern,
    Given,
    Instance,
    Items,
    Module,
    Repeated,
    Tensor,
    Unknown,
    Value,
    truth,
)


class Builtins(Calls):
    """The part of the reader that knows Python's own functions; ``_call_<path>`` each, None where nothing is told."""

    def _first(self, given: list[Given]) -> Value:
        return given[0].value if given else Unknown("nothing")

    def _list_of(self, value: Value) -> Items | None:
        inner = value.items if isinstance(value, Container | Instance) else value
        if isinstance(inner, Items) and inner.keyed and isinstance(value, Items):
            return self.new_items([Element(Const(e.key)) for e in inner.elements() or []])
        return inner if isinstance(inner, Items) else None

    def _call_list(self, given: list[Given], site: Site) -> Value | None:
        if not given:
            return self.new_items()
        items = self._list_of(given[0].value)
        return None if items is None else replace(items, entries=list(items.entries), born=len(self.loops))

    _call_tuple = _call_list

    def _call_dict(self, given: list[Given], site: Site) -> Value | None:
        entries: list[Entry] = []
        for one in given:
            if one.name not in (None, "*", "**"):
                entries.append(Element(one.value, key=one.name))
            elif isinstance(one.value, Items):
                entries += one.value.entries if one.value.keyed else [self._pair(entry) for entry in one.value.entries]
        return self.new_items(entries, keyed=True)

    _call_collections_OrderedDict = _call_dict

    def _pair(self, entry: Entry) -> Entry:
        """("name", layer) as an element of a dict."""
        if isinstance(entry, Repeated):
            return Repeated([self._pair(inner) for inner in entry.entries], entry.repeat)
        parts = entry.value.elements() if isinstance(entry.value, Items) else None
        if parts is None or len(parts) != 2:
            return entry
        key, use = parts[0].value, entry.use
        name = key.value if isinstance(key, Const) else None
        return Element(parts[1].value, replace(use, name="tuple") if use else None, name, entry.loop)

    def _call_range(self, given: list[Given], site: Site) -> Value:
        ends = [one.value.value for one in given if isinstance(one.value, Const) and isinstance(one.value.value, int)]
        known = len(ends) == len(given) and given and not (len(ends) == 3 and ends[2] == 0)
        numbers = range(*ends) if known else None
        items = self.new_items([Repeated([Element(Unknown("the number of the turn"))], self._count(given, numbers))])
        items.numbers = numbers
        return items

    def _count(self, given: list[Given], numbers: range | None) -> Repeat:
        """How often ``range`` turns: the number to change is the end, where that is written somewhere."""
        texts = [one.argument.text if one.argument else "?" for one in given]
        last = given[min(1, len(given) - 1)].value if given else Unknown("?")
        start = given[0].value if len(given) > 1 else Const(0)
        times = len(numbers) if numbers is not None and len(numbers) < 10**9 else None
        plain = len(given) < 3 and isinstance(start, Const) and isinstance(start.value, int)
        literal = last.literal if plain and isinstance(last, Const) else None
        text = texts[0] if len(texts) == 1 else f"range({', '.join(texts)})"
        shift = last.shift if isinstance(last, Const) else 0
        return Repeat(text, times, literal, shift - start.value if plain and isinstance(start, Const) else 0)

    def _call_enumerate(self, given: list[Given], site: Site) -> Value | None:
        items = self._list_of(self._first(given))
        if items is None:
            return None
        start = given[1].value.value if len(given) > 1 and isinstance(given[1].value, Const) else 0
        plain = items.elements() is not None
        numbers = [Const(start + i) if plain else Unknown("the number") for i in range(len(items.entries))]
        entries = [self._zipped([number, e]) for number, e in zip(numbers, items.entries, strict=True)]
        return self.new_items(entries)

    def _zipped(self, row: list[Value | Entry]) -> Entry:
        """One entry of tuples out of one entry of every list."""
        repeats = [part.repeat for part in row if isinstance(part, Repeated)]
        if not repeats:
            return Element(
                self.new_items(
                    [p if isinstance(p, Element) else Element(p) for p in row if not isinstance(p, Repeated)]
                )
            )
        firsts = [part.entries[0] if isinstance(part, Repeated) and part.entries else part for part in row]
        return Repeated([self._zipped(list(firsts))], repeats[0])

    def _call_zip(self, given: list[Given], site: Site) -> Value | None:
        lists = [self._list_of(one.value) for one in given]
        entries = [items.entries for items in lists if items is not None]
        if len(entries) < len(lists) or not lists:
            return None
        looped = [[isinstance(entry, Repeated) for entry in row] for row in zip(*entries, strict=False)]
        if any(len(set(row)) > 1 for row in looped):
            return None
        return self.new_items([self._zipped(list(row)) for row in zip(*entries, strict=False)])

    def _call_reversed(self, given: list[Given], site: Site) -> Value | None:
        items = self._list_of(self._first(given))
        return None if items is None else self.new_items(items.entries[::-1])

    def _call_len(self, given: list[Given], site: Site) -> Value | None:
        items = self._list_of(self._first(given))
        length = None if items is None else items.length()
        return None if length is None else Const(length)

    def _call_sum(self, given: list[Given], site: Site) -> Value | None:
        items = self._list_of(self._first(given))
        elements = None if items is None else items.elements()
        values = [element.value.value for element in elements or [] if isinstance(element.value, Const)]
        if elements is None or len(values) < len(elements) or not all(isinstance(v, int | float) for v in values):
            return None
        return Const(sum(values))

    def _call_isinstance(self, given: list[Given], site: Site) -> Value | None:
        if len(given) == 2 and isinstance(given[1].value, Extern):
            path = given[1].value.path
            if isinstance(given[0].value, Items | Const) and path.startswith("torch."):
                return Const(False)
            if isinstance(given[0].value, Tensor) and path in ("torch.Tensor", "torch.nn.Parameter"):
                return Const(path == "torch.Tensor")
            if isinstance(given[0].value, Const) and path in ("int", "float", "str", "bool"):
                return Const(type(given[0].value.value).__name__ == path)
        return None

    def _call_bool(self, given: list[Given], site: Site) -> Value | None:
        known = truth(self._first(given))
        return None if known is None else Const(known)

    def _call_getattr(self, given: list[Given], site: Site) -> Value | None:
        name = given[1].value if len(given) > 1 else None
        if isinstance(name, Const) and isinstance(name.value, str) and isinstance(site.node, ast.Call):
            return self.attribute(given[0].value, name.value, site.node)
        return None

    def _call_setattr(self, given: list[Given], site: Site) -> Value | None:
        name = given[1].value if len(given) == 3 else None
        if isinstance(name, Const) and isinstance(given[0].value, Instance):
            self.keep(given[0].value, str(name.value), given[2].value)
            return Const(None)
        return None

    def keep(self, instance: Instance, name: str, value: Value) -> None:
        """statements.py"""
        raise NotImplementedError

    def _call_copy_copy(self, given: list[Given], site: Site) -> Value | None:
        value = self._first(given)
        if isinstance(value, Instance):
            return replace(value, attributes=dict(value.attributes), attribute="", path=None)
        return replace(value, attribute="", path=None) if isinstance(value, Module) else value

    _call_copy_deepcopy = _call_copy_copy

    def _call_collections_namedtuple(self, given: list[Given], site: Site) -> Value | None:
        return Extern("namedtuple()")

    def _call_namedtuple(self, given: list[Given], site: Site) -> Value | None:
        plain, keywords, _ = spread(given)
        return self.new_items([Element(one.value) for one in (*plain, *keywords.values())])
