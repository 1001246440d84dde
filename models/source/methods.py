"""Reads calls of methods: of tensors, lists, layers, and of ``super()``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from models.source.base import Site
from models.source.graph import Use
from models.source.library import Library
from models.source.values import (
    Class,
    Const,
    Container,
    Element,
    Function,
    Given,
    Instance,
    Items,
    Module,
    Parameter,
    Scope,
    Super,
    Tensor,
    Unknown,
    Value,
)

_FACTS_NAMES = "size dim numel item tolist stride ndimension get_device element_size nelement is_floating_point"
_FACTS = frozenset(_FACTS_NAMES.split())
_ITSELF_NAMES = "to cuda cpu half float double eval train requires_grad_ apply bfloat16 compile share_memory"
_ITSELF = frozenset(_ITSELF_NAMES.split())
"""Methods of nn.Module that give the module back."""


_TEXT = {"startswith": 1, "endswith": 1, "lower": 0, "upper": 0, "strip": 1, "removeprefix": 1, "removesuffix": 1}
"""Methods of text that are followed, and how many arguments they take."""


class Methods(Library):
    """The part of the reader that knows methods."""

    def method_call(self, value: Value, name: str, given: list[Given], site: Site) -> Value | None:
        """``value.name(...)``, or None where it is an ordinary attribute that is called."""
        if isinstance(value, Tensor):
            return self._of_tensor(value, name, given, site)
        if isinstance(value, Parameter) and self.recorder is not None:
            return self._of_tensor(value, name, given, site)
        if isinstance(value, Super):
            return self._of_super(value, name, given, site)
        if isinstance(value, Items):
            return self._of_list(value, name, given, site)
        if isinstance(value, Module):
            return self._of_module(value, name, given, site)
        if isinstance(value, Const) and isinstance(value.value, str) and name in _TEXT:
            words = [one.value.value for one in given if isinstance(one.value, Const)]
            if len(words) == len(given) and all(isinstance(word, str) for word in words):
                return Const(getattr(value.value, name)(*words[: _TEXT[name]]))
        return None

    def _of_tensor(self, value: Value, name: str, given: list[Given], site: Site) -> Value | None:
        if name in _FACTS or self.recorder is None or not isinstance(site.node, ast.Call):
            return self.unknown(site.node) if site.node is not None else Unknown(name)
        receiver = site.node.func.value if isinstance(site.node.func, ast.Attribute) else None
        return self.operate(f"Tensor.{name}", site.node, [Given(None, value, receiver), *given])

    def super_of(self, scope: Scope) -> Value:
        """``super()`` of the method being read."""
        inner: Scope | None = scope
        while inner is not None and inner.this is None:
            inner = inner.outer
        if inner is None or inner.owner is None or inner.this is None:
            return Unknown("super()")
        return Super(inner.owner, inner.this)

    def _of_super(self, value: Super, name: str, given: list[Given], site: Site) -> Value:
        for base in [
            base
            for known in value.owner.bases
            for base in ([known] if not isinstance(known, Class) else known.lineage())
        ]:
            found = base.members.get(name) if isinstance(base, Class) else None
            if isinstance(found, Function):
                return self.function_call(Function(found.node, found.scope, found.owner, value.this), given, site)
        if name == "__init__":
            for base in [*value.owner.bases, value.owner][:1]:
                self.plain_init(value.this, base, given)
            return Const(None)
        if name == "forward" and self.recorder is not None:
            if value.this.items is not None:
                return self.draw_sequence(value.this, value.this.items, given, site)
            base_name = value.this.cls.extern() if value.this.cls else None
            return self.draw_layer(replace(value.this, op=base_name or value.this.op, attribute="super"), given, site)
        return self._of_module(value.this, name, given, site) or Unknown(f"super().{name}")

    def _of_list(self, items: Items, name: str, given: list[Given], site: Site) -> Value | None:
        known: Callable[[Items, list[Given], Site], Value] | None = getattr(self, f"_list_{name}", None)
        return known(items, given, site) if known else None

    def _appended(self, site: Site) -> Use | None:
        """Where a neighbour of an appended element is written: a statement of its own, or a loop's body."""
        call = site.node
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            return Use("before_append", self.source.span(call), self.text(call.func))
        return None

    def _list_append(self, items: Items, given: list[Given], site: Site) -> Value:
        if given:
            self._condition(given[0].value)
            self.append(items, Element(given[0].value, self._appended(site), loop=self.loop))
        return Const(None)

    def _condition(self, value: Value) -> None:
        if self.conditions and isinstance(value, Module) and not value.attribute:
            value.condition = " and ".join(self.conditions)

    def _list_extend(self, items: Items, given: list[Given], site: Site) -> Value:
        value = given[0].value if given else Unknown("nothing")
        inner = value.items if isinstance(value, Container) else value
        for entry in inner.entries if isinstance(inner, Items) else [Element(value)]:
            self.append(items, entry)
        return Const(None)

    def _list_insert(self, items: Items, given: list[Given], site: Site) -> Value:
        place = given[0].value if len(given) == 2 else None
        plain = isinstance(place, Const) and isinstance(place.value, int) and items.elements() is not None
        index = place.value if plain and isinstance(place, Const) else len(items.entries)
        items.entries.insert(index, Element(given[-1].value if given else Unknown("nothing")))
        return Const(None)

    def _list_values(self, items: Items, given: list[Given], site: Site) -> Value:
        return self.new_items(items.entries)

    def _list_copy(self, items: Items, given: list[Given], site: Site) -> Value:
        return self.new_items(items.entries, keyed=items.keyed)

    def _list_keys(self, items: Items, given: list[Given], site: Site) -> Value:
        return self.new_items([Element(Const(e.key)) if isinstance(e, Element) else e for e in items.entries])

    def _list_items(self, items: Items, given: list[Given], site: Site) -> Value:
        keys = [Const(e.key) if isinstance(e, Element) else Unknown("the name") for e in items.entries]
        return self.new_items([self._zipped([key, e]) for key, e in zip(keys, items.entries, strict=True)])

    def _list_get(self, items: Items, given: list[Given], site: Site) -> Value:
        found = self._item(items, given[0].value) if given else None
        return found or (given[1].value if len(given) > 1 else Const(None))

    def _list_pop(self, items: Items, given: list[Given], site: Site) -> Value:
        index = given[0].value.value if given and isinstance(given[0].value, Const) else -1
        plain = items.elements()
        if items.keyed or not plain or not isinstance(index, int) or not -len(plain) <= index < len(plain):
            return Unknown("pop()")
        entry = items.entries.pop(index)
        return entry.value if isinstance(entry, Element) else Unknown("pop()")

    def _list_update(self, items: Items, given: list[Given], site: Site) -> Value:
        for one in given:
            entries = one.value.entries if isinstance(one.value, Items) else []
            items.entries += entries if one.name in (None, "**") else [Element(one.value, key=one.name)]
        return Const(None)

    def _of_module(self, module: Module, name: str, given: list[Given], site: Site) -> Value | None:
        own = module.cls.find(name) if isinstance(module, Instance) and module.cls else None
        if own is not None:
            return None
        items = module.items if isinstance(module, Container | Instance) else None
        if name == "add_module" or name == "register_module":
            return self._add_module(module, given, site)
        if name in ("register_buffer", "register_parameter") and isinstance(module, Instance) and len(given) >= 2:
            return self._register(module, given)
        if name in ("children", "named_children") and isinstance(module, Container | Instance):
            return self._children(module, named=name == "named_children")
        if items is not None and not isinstance(module, Parameter):
            found = self._of_list(items, name, given, site)
            if found is not None:
                return module if name in ("append", "extend", "insert") else found
        if name in _ITSELF:
            return module
        if name == "forward":
            return self.module_call(module, given, site)
        return None

    def _add_module(self, module: Module, given: list[Given], site: Site) -> Value:
        name = given[0].value if given else Unknown("?")
        value = given[1].value if len(given) > 1 else Unknown("?")
        items = module.items if isinstance(module, Container | Instance) else None
        if items is not None:
            key = name.value if isinstance(name, Const) else None
            self.append(items, Element(value, None, key, self.loop))
        elif isinstance(module, Instance) and isinstance(name, Const):
            self.keep(module, str(name.value), value)
        return Const(None)

    def _register(self, module: Instance, given: list[Given]) -> Value:
        name = given[0].value
        if isinstance(name, Const) and not (isinstance(given[1].value, Const) and given[1].value.value is None):
            span = self.source.span(given[1].node) if given[1].node is not None else None
            self.keep(module, str(name.value), Parameter("buffer", span))
        return Const(None)

    def _children(self, module: Container | Instance, *, named: bool) -> Value:
        items = module.items.entries if module.items is not None else []
        attributes = module.attributes.items() if isinstance(module, Instance) else ()
        entries = [
            *(Element(v, key=k) for k, v in attributes if isinstance(v, Module) and not isinstance(v, Parameter)),
            *items,
        ]
        if named:
            return self._list_items(Items(entries=entries), [], Site())
        return self.new_items(entries)
