"""Reads calls of names from outside of the file: containers of layers, layers, functions on tensors."""

from __future__ import annotations

from models.source import constants
from models.source.arguments import has_tensors, spread, with_names
from models.source.base import Site, short
from models.source.builtin import Builtins
from models.source.calls import LISTS
from models.source.constants import CannotFold
from models.source.graph import Use
from models.source.palette import positions
from models.source.values import (
    Const,
    Container,
    Element,
    Given,
    Instance,
    Items,
    Layer,
    Parameter,
    Partial,
    Unknown,
    Value,
)

_QUIET_NAMES = (
    "print isinstance issubclass hasattr callable type id repr hash torch._assert torch.is_tensor warnings.warn "
    "torch._C._log_api_usage_once torch.numel torch.is_floating_point torch.jit.annotate"
)
_QUIET = frozenset(_QUIET_NAMES.split())
"""Functions that give no tensor although they may be given one."""
_NEVER = frozenset(
    {"torch.jit.is_scripting", "torch.jit.is_tracing", "torch.is_autocast_enabled", "torch.onnx.is_in_onnx_export"}
)
_MAKERS_NAMES = "zeros ones full empty rand randn randint arange linspace eye tensor zeros_like ones_like"
_MAKERS = frozenset(_MAKERS_NAMES.split())
"""Functions that make a tensor out of numbers."""


class Library(Builtins):
    """The part of the reader that knows what is outside of the file."""

    def extern_call(self, path: str, given: list[Given], site: Site) -> Value:
        """A call of a name from outside."""
        known = getattr(self, "_call_" + path.replace(".", "_").replace("()", ""), None)
        if known is not None:
            result: Value | None = known(given, site)
            if result is not None:
                return result
        if path in _NEVER:
            return Const(False)
        if constants.foldable(path) and not has_tensors(given):
            return self._fold(path, given, site)
        if path in LISTS:
            return self._container(path, given, site)
        if path.endswith(".__init__"):
            return Const(None)
        return self._foreign(path, given, site)

    def _foreign(self, path: str, given: list[Given], site: Site) -> Value:
        last = path.rsplit(".", 1)[-1]
        makes = has_tensors(given) or (path.startswith("torch.") and last in _MAKERS)
        if makes and self.recorder is not None and path not in _QUIET and site.node is not None:
            return self.operate(short(path), site.node, given)
        if last[:1].isupper() and "." in path:
            return self._layer(path, given, site)
        reason = f"`{short(path)}` makes it, which is outside of this file."
        return self.unknown(site.node, reason) if site.node is not None else Unknown(path, reason)

    def _layer(self, path: str, given: list[Given], site: Site) -> Value:
        span = self.source.span(site.node) if site.node is not None else None
        return Layer(short(path), span, with_names(given, positions(short(path))), loop=self.loop)

    def _fold(self, path: str, given: list[Given], site: Site) -> Value:
        plain, keywords, open_ended = spread(given)
        values = [one.value for one in plain]
        if len(values) == 1 and isinstance(values[0], Items) and path in ("max", "min", "math.prod"):
            elements = values[0].elements()
            values = [] if elements is None else [element.value for element in elements]
        constant = [value.value for value in values if isinstance(value, Const)]
        try:
            if len(constant) < len(values) or not values or keywords or open_ended:
                raise CannotFold
            return Const(constants.call(path, [constant] if path == "math.prod" else constant, {}))
        except CannotFold:
            return self.unknown(site.node) if site.node is not None else Unknown(path)

    def _container(self, path: str, given: list[Given], site: Site) -> Value:
        container = Container(LISTS[path], self.source.span(site.node) if site.node is not None else None)
        container.loop = self.loop
        container.items = self.new_items(keyed=path.endswith("Dict"))
        container.args = tuple(one.argument for one in given if one.argument)
        self.fill(container.items, given)
        return container

    def fill(self, items: Items, given: list[Given]) -> None:
        """Put the arguments of nn.Sequential, nn.ModuleList or nn.ModuleDict into its list."""
        for one in given:
            inner = one.value.items if isinstance(one.value, Container | Instance) else one.value
            if one.name is None and not isinstance(one.value, Items):
                place = Use("before_item", self.source.span(one.node)) if one.node is not None else None
                items.entries.append(Element(one.value, place))
            elif isinstance(inner, Items):
                items.entries += inner.entries
            else:
                items.entries.append(
                    Element(Unknown("*", "Which layers these are is decided when the network is built."))
                )

    # torch --------------------------------------------------------------------------------------------------------
    def _call_functools_partial(self, given: list[Given], site: Site) -> Value | None:
        return Partial(given[0].value, given[1:]) if given else None

    def _call_torch_nn_Parameter(self, given: list[Given], site: Site) -> Value:
        span = self.source.span(site.node) if site.node is not None else None
        return Parameter("nn.Parameter", span, tuple(one.argument for one in given if one.argument))

    def _call_torch_utils_checkpoint_checkpoint(self, given: list[Given], site: Site) -> Value | None:
        return self.call(given[0].value, [one for one in given[1:] if one.name in (None, "*")], site) if given else None
