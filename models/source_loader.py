"""Turning a network's source text into a module, in workers and inspectors only: it runs the user's code."""

from __future__ import annotations

import inspect
import linecache
import traceback
from types import ModuleType

import torch
from torch import nn

from data.errors import UserError

FILENAME = "<your network>"


def load_network(source: str, *, channels: int, classes: int, height: int, width: int) -> nn.Module:
    """Build the network of ``source`` for images [n, channels, height, width] and ``classes`` outputs.

    The class is ``Net``, or the only nn.Module class of the text; it is given those of the four keywords that its
    signature takes. Raises UserError naming the line of the user's source.
    """
    found = _network_class(source)
    given = {"channels": channels, "classes": classes, "height": height, "width": width}
    parameters = inspect.signature(found).parameters
    takes_all = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    wanted = given if takes_all else {name: value for name, value in given.items() if name in parameters}
    try:
        network: nn.Module = found(**wanted)
    except Exception as error:
        raise at_line(error, source) from error
    return network


def check_output(network: nn.Module, source: str, *, channels: int, classes: int, height: int, width: int) -> list[int]:
    """Run two empty images through it and return the output's shape. Raises UserError in words.

    A user's own network counts as wrong unless it answers [n, classes].
    """
    mode = network.training
    network.eval()
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    try:
        with torch.no_grad():
            output = network(torch.zeros(2, channels, height, width, device=device))
    except Exception as error:
        raise at_line(error, source, f"With images of {width}x{height}, ") from error
    finally:
        network.train(mode)
    shape = list(getattr(output, "shape", []))
    if len(shape) != 2 or shape[0] != 2 or shape[1] < classes:
        raise UserError(
            f"The network answers with shape {shape or type(output).__name__}, but [2, {classes}] is needed: "
            f"one score for each of the {classes} classes.",
            hint="The last layer should be nn.Linear(..., classes).",
        )
    return shape


def at_line(error: BaseException, source: str, begin: str = "") -> UserError:
    """The error with the last line of the user's source that took part in it."""
    if isinstance(error, UserError):
        return error
    number = error.lineno if isinstance(error, SyntaxError) else _last_line(error)
    what = error.msg if isinstance(error, SyntaxError) else str(error)
    kind = type(error).__name__
    if number is None:
        words = f"he network fails: {kind}: {what}"
        return UserError(f"{begin}t{words}" if begin else f"T{words}")
    lines = source.splitlines()
    text = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    start = f"{begin}line {number}" if begin else f"Line {number}"
    return UserError(f"{start} of the network fails: {kind}: {what}  ({text})", hint=_hint(what))


def _hint(what: str) -> str | None:
    if (
        "Kernel size can't be greater" in what
        or "too small" in what
        or "Output size is too small" in what
        or "zero or negative" in what
    ):
        return "The image is too small for this network: choose larger images, or a smaller network such as LeNet."
    if "cannot be multiplied" in what:
        return "The linear layer expects another number of inputs than the layers before it give."
    return None


def _last_line(error: BaseException) -> int | None:
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == FILENAME), None)


def _network_class(source: str) -> type[nn.Module]:
    module = ModuleType("network")
    # linecache lets tracebacks in worker.log show the user's own lines.
    linecache.cache[FILENAME] = (len(source), None, source.splitlines(keepends=True), FILENAME)
    try:
        exec(compile(source, FILENAME, "exec"), module.__dict__)  # noqa: S102 - what this process is for
    except Exception as error:
        raise at_line(error, source) from error
    own: list[type[nn.Module]] = [thing for thing in vars(module).values() if _is_own(thing)]
    named = [thing for thing in own if thing.__name__ == "Net"]
    if named:
        return named[0]
    if len(own) == 1:
        return own[0]
    raise UserError(
        "The source has no class Net(nn.Module)."
        if not own
        else "The source has several networks and none is called Net.",
        hint="Call the class that is to be trained Net.",
    )


def _is_own(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, nn.Module) and thing.__module__ == "network"
