"""One forward pass, watched: names every operation, keeps what is asked for, and lets rules change what goes back.

It is a ``torch.overrides.TorchFunctionMode``, which belongs to one thread and ends with its block: no hooks, no change
of the network, whatever happens inside, and any number of threads at once on one network. Operations that would change
a tensor in place are done on a copy, which stands for it from then on, so a value that is kept stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from models.attribution.calls import PASSING, REORDERING, SILENT, Function, out_of_place, plain_name
from models.attribution.sites import VALUES, Names, Site, calling_frame, describe, unit_axis

Check = Callable[[], None]


class Rules(Protocol):
    """Changes operations: ``handlers`` maps a plain name to what is called instead of it."""

    @property
    def handlers(self) -> Mapping[str, Callable[[Call], Any]]:
        """By plain name of the operation."""


class Call:
    """An operation about to be done: its plain name, the function (never in place), and its arguments."""

    __slots__ = ("args", "function", "kwargs", "name", "original", "site")

    def __init__(self, name: str, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.name = name
        self.function = function
        self.original = function
        self.args = args
        self.kwargs = kwargs
        self.site = ""

    def run(self) -> Any:
        """Do it as it is."""
        return self.function(*self.args, **self.kwargs)


class Reached(BaseException):
    """The layer that was asked for has been computed: the rest of the network need not be."""


class Tracer(TorchFunctionMode):
    """Watches one forward pass of ``network``.

    ``keep`` names the sites whose values are kept in ``kept`` ("*": all); ``until`` ends the pass at a site;
    ``changes`` maps a site to a function of its values (the result goes on); ``check`` is called at every operation and
    may raise (deadline, cancelled). ``sites`` are listed where ``listing``.
    """

    def __init__(
        self,
        network: nn.Module,
        rules: Rules | None = None,
        *,
        keep: Collection[str] = (),
        until: str | None = None,
        changes: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] | None = None,
        check: Check | None = None,
        listing: bool = False,
    ) -> None:
        super().__init__()
        self.network = network
        self.rules = rules
        self.kept: dict[str, torch.Tensor] = {}
        self.sites: list[Site] = []
        self.seen = 0
        self._handlers = rules.handlers if rules is not None else {}
        self._keep, self._until, self._changes, self._check = keep, until, changes or {}, check
        self._listing = listing
        self._names = Names(network) if listing or keep or until or changes else None  # walking frames takes time
        self._now: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self._batch = 0
        self._parameters: dict[int, str] = {}
        if listing:
            self._parameters = {id(parameter): name for name, parameter in network.named_parameters()}

    def forward(self, values: torch.Tensor) -> Any:
        """The network's output for ``values`` [n, c, h, w], or the values of ``until``; raises what it does."""
        self._batch = len(values)
        setattr(values, VALUES, None)
        try:
            with self:
                output = self.network(values)
        except Reached:
            return self.kept[self._until or ""]
        return self._current(output)

    def __torch_function__(self, func: Function, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        called = getattr(func, "__name__", "")
        if called in SILENT:
            return self._ask(func, args, kwargs)
        if self._check is not None:
            self._check()
        name, changed = plain_name(called)
        first = args[0] if args else None
        args = tuple(self._current(value) for value in args)
        kwargs = {key: self._current(value) for key, value in kwargs.items()}
        if not (_from_image(args) or _from_image(kwargs.values())):
            return func(*args, **kwargs)
        fresh = out_of_place(func, changed, args, kwargs)
        call = Call(name, fresh or func, args, kwargs)
        call.original = func
        result = self._do(call)
        if fresh is not None and isinstance(result, torch.Tensor) and result is not args[0]:
            self._stand_for(first, args[0], result)
        return None if called == "__setitem__" else result

    def _ask(self, func: Function, args: Any, kwargs: Any) -> Any:
        """A call that makes no values; but ``x.T`` is an attribute too."""
        result = func(*(self._current(value) for value in args), **kwargs) if self._now else func(*args, **kwargs)
        if isinstance(result, torch.Tensor) and getattr(func, "__name__", "") == "__get__" and _from_image(args):
            _mark(result, None)
        return result

    def _do(self, call: Call) -> Any:
        """Do the operation by its rule, or as it is; name it and keep what is wanted."""
        given = next((value for value in call.args if isinstance(value, torch.Tensor)), None)
        silent = call.name in PASSING
        module = ""
        if not silent and self._names is not None:
            call.site, module = self._names.name(call.name, calling_frame(2))
        result = self._handlers[call.name](call) if call.name in self._handlers else call.run()
        if isinstance(result, tuple | list):
            for part in _tensors(result):
                _mark(part, None)
            values = result[0] if result and call.name not in PASSING else None
        else:
            values = result
        if not isinstance(values, torch.Tensor):
            return result
        axis = unit_axis(call.name, values, given) if values.ndim > 1 else None
        _mark(values, axis if not silent or _same_order(call.name, given, values) else None)
        if silent or axis is None or not values.is_floating_point() or values.shape[0] != self._batch:
            return result
        self.seen += 1
        if self._names is None:
            return result
        changed = self._note(call, module, values, axis)
        return result if changed is values else (changed, *result[1:]) if isinstance(result, tuple) else changed

    def _note(self, call: Call, module: str, values: torch.Tensor, axis: int) -> torch.Tensor:
        """List, change and keep the values of a site; ends the pass where it was the last one wanted."""
        if self._listing:
            weight = next(
                (self._parameters[id(arg)] for arg in self._weights(call) if id(arg) in self._parameters), None
            )
            kind = module or call.name
            self.sites.append(Site(call.site, call.name, module, kind, weight=weight, **describe(values, axis)))
        if call.site in self._changes:
            values = self._changes[call.site](values)
            _mark(values, axis)
        if call.site in self._keep or "*" in self._keep or call.site == self._until:
            self.kept[call.site] = values
        if call.site == self._until:
            raise Reached
        return values

    def _weights(self, call: Call) -> Iterator[Any]:
        """Originals of the parameters among the arguments, matrices and kernels first."""
        found = [getattr(value, "_foveal_parameter", None) for value in (*call.args, *call.kwargs.values())
                 if isinstance(value, torch.Tensor)]  # fmt: skip
        yield from sorted((value for value in found if value is not None), key=lambda value: -value.ndim)

    def _current(self, value: Any) -> Any:
        """What stands for a value now; parameters without their history, so that nothing flows back into them."""
        if isinstance(value, torch.Tensor):
            value = self._standing(value) if self._now else value
            if isinstance(value, nn.Parameter):
                constant = value.detach()
                constant._foveal_parameter = value  # type: ignore[attr-defined]
                return constant
            return value
        if isinstance(value, dict):
            return type(value)((key, self._current(item)) for key, item in value.items())
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*(self._current(item) for item in value))
        return type(value)(self._current(item) for item in value) if type(value) in (list, tuple) else value

    def _standing(self, value: torch.Tensor) -> torch.Tensor:
        """What a tensor is after all changes in place, its own and those of the tensor it is a part of."""
        while (standing := self._now.get(id(value))) is not None:
            value = standing[1]
        base = value._base
        if base is None or id(base) not in self._now or _order(base) is None:
            return value
        part = _part(self._standing(base), base, value)
        _mark(part, getattr(value, VALUES, None))
        return part

    def _stand_for(self, original: Any, before: torch.Tensor, result: torch.Tensor) -> None:
        """From now on ``result`` is meant by ``original`` and what stood for it, and the whole has it as its part."""
        if not isinstance(original, torch.Tensor):
            return
        base = original._base
        if base is not None and hasattr(base, VALUES) and _order(base) is not None:
            whole = self._standing(base)
            now = _put_back(whole, base, original, result)
            _mark(now, getattr(base, VALUES))
            self._now[id(base) if whole is base else id(whole)] = (whole, now)
            return
        self._now[id(original)] = (original, result)
        if before is not original and before is not result:
            self._now[id(before)] = (before, result)


def _order(base: torch.Tensor) -> list[int] | None:
    """The dimensions of a tensor as they lie in memory (channels last or not); None where there are gaps."""
    strides, sizes = base.stride(), base.shape
    order = sorted(range(base.ndim), key=lambda dim: (-strides[dim], -sizes[dim]))
    return order if base.permute(order).is_contiguous() else None


def _places(base: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    """Where in memory order the values of ``part`` lie."""
    start = part.storage_offset() - base.storage_offset()
    return torch.arange(base.numel()).as_strided(part.size(), part.stride(), start).to(base.device)


def _part(whole: torch.Tensor, base: torch.Tensor, part: torch.Tensor) -> torch.Tensor:
    """Of ``whole``, which stands for ``base``, what ``part`` is of it."""
    order = _order(base)
    assert order is not None  # noqa: S101  what stands for a part is only kept for such
    return whole.permute(order).reshape(-1)[_places(base, part)]


def _put_back(whole: torch.Tensor, base: torch.Tensor, part: torch.Tensor, result: torch.Tensor) -> torch.Tensor:
    """``whole``, which stands for ``base``, with ``result`` in the place of ``part``."""
    order = _order(base)
    assert order is not None  # noqa: S101
    there = whole.permute(order)
    flat = there.reshape(-1).index_put((_places(base, part).flatten(),), result.flatten())
    back = sorted(range(base.ndim), key=order.__getitem__)
    return flat.reshape(there.shape).permute(back)


def _mark(values: torch.Tensor, axis: int | None) -> None:
    setattr(values, VALUES, axis)


def _same_order(name: str, given: torch.Tensor | None, values: torch.Tensor) -> bool:
    return given is not None and given.ndim == values.ndim and name not in REORDERING


def _tensors(things: Any) -> Iterator[torch.Tensor]:
    for thing in things:
        if isinstance(thing, torch.Tensor):
            yield thing
        elif isinstance(thing, list | tuple):
            yield from _tensors(thing)


def _from_image(things: Any) -> bool:
    """Whether any of the values comes from the image."""
    return any(hasattr(thing, VALUES) for thing in _tensors(things))


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode, and each of its modules back in its own mode afterwards.

    A network that is in evaluation mode already is not touched: two threads may then share it.
    """
    training = [module for module in network.modules() if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True
