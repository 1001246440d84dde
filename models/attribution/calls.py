"""What an intercepted call of PyTorch is: its plain name, whether it changes its argument, and how to call it anew."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch

Function = Callable[..., Any]


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


SILENT = words(
    "__get__ __set__ __len__ __bool__ __repr__ __format__ __hash__ __contains__ size dim numel stride storage_offset "
    "is_contiguous is_floating_point is_complex is_nonzero item tolist data_ptr element_size ndimension get_device "
    "_set_grad_enabled empty zeros ones full arange tensor as_tensor linspace eye rand randn randint requires_grad_ "
    "empty_like zeros_like ones_like full_like rand_like randn_like is_inference _is_view cpu numpy"
)
"""Names of calls that only ask, or that make constants."""

PASSING = words(
    "view reshape flatten unflatten permute transpose t movedim swapaxes unsqueeze squeeze expand expand_as contiguous "
    "clone detach to float half double type dropout dropout1d dropout2d dropout3d alpha_dropout feature_dropout "
    "feature_alpha_dropout __getitem__ select narrow split chunk unbind unfold roll flip channel_shuffle size view_as "
    "reshape_as __setitem__ index_select gather stochastic_depth broadcast_to"
)
"""Names of calls that hand on the same values in another order or shape: they are no layers of their own."""

REORDERING = words("permute transpose t movedim swapaxes")
"""Those after which another dimension may hold the units."""

REFLECTED = {"radd": "add", "rsub": "rsub", "rmul": "mul", "rtruediv": "rdiv", "truediv": "div", "concat": "cat"}
RENAMED = {**REFLECTED, "concatenate": "cat", "subtract": "sub", "multiply": "mul", "divide": "div", "clip": "clamp"}


@lru_cache(maxsize=2048)
def plain_name(name: str) -> tuple[str, bool]:
    """("add", True) for "add_" and "__iadd__", ("add", False) for "__add__"; True where the argument is changed."""
    inner = name.strip("_")
    if name.startswith("__") and name.endswith("__"):
        changed = name == "__setitem__" or inner in _IN_PLACE
        plain = inner[1:] if inner in _IN_PLACE else inner
        return (name if inner in ("getitem", "setitem") else RENAMED.get(plain, plain)), changed
    changed = name.endswith("_") and not name.endswith("__")
    plain = name.rstrip("_").removeprefix("_")
    return RENAMED.get(plain, plain), changed


_IN_PLACE = words("iadd isub imul itruediv idiv ipow iand ior imatmul")


def out_of_place(func: Function, changed: bool, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Function | None:
    """The same call without changing its first argument; None where it changes nothing anyway."""
    if changed:
        return lambda first, *rest, **more: _on_copy(func, first, rest, more)
    signature = _signature(func)
    if signature is None or "inplace" not in signature.parameters:
        return None
    given = signature.bind_partial(*args, **kwargs)
    if not given.arguments.get("inplace"):
        return None

    def call(*args: Any, **kwargs: Any) -> Any:
        again = signature.bind_partial(*args, **kwargs)
        again.arguments["inplace"] = False
        return func(*again.args, **again.kwargs)

    return call


def _on_copy(func: Function, first: torch.Tensor, rest: tuple[Any, ...], more: Mapping[str, Any]) -> torch.Tensor:
    copy = first.clone()
    func(copy, *rest, **more)
    return copy


@lru_cache(maxsize=1024)
def _signature(func: Function) -> inspect.Signature | None:
    """Of functions written in Python; built-in ones have no ``inplace``."""
    return inspect.signature(func) if inspect.isfunction(func) else None


def bound(func: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a Python function by name, defaults included."""
    signature = _signature(func)
    assert signature is not None  # noqa: S101  only asked for functions written in Python
    given = signature.bind(*args, **kwargs)
    given.apply_defaults()
    return dict(given.arguments)
