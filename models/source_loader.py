"""From the source text of a network to a module, in workers and inspectors only: this runs the user's code."""

from __future__ import annotations

import hashlib
import inspect
import linecache
import re
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch import nn

from data.errors import UserError

KEPT = 64
"""Sources whose modules stay importable (dataclasses and pickling look their module up); older ones are let go."""
_loaded: deque[str] = deque()


def load_network(source: str, *, channels: int, classes: int, height: int, width: int) -> nn.Module:
    """Build the network of ``source`` for images [n, channels, height, width] and ``classes`` classes.

    The class is ``Net``, or the only nn.Module class of the text; it is given those of the four keywords that its
    signature takes. Raises UserError naming the line of the user's source.
    """
    given = {"channels": channels, "classes": classes, "height": height, "width": width}
    found = network_class(source)
    with naming_lines(source):
        network: nn.Module = found(**accepted(found, given))
    return network


def network_class(source: str) -> type[nn.Module]:
    """Run the source and return its network class. Raises UserError naming the line, or saying what is missing."""
    with naming_lines(source):
        module = _run(source)
    own: list[type[nn.Module]] = [
        thing for thing in vars(module).values() if _is_network(thing) and thing.__module__ == module.__name__
    ]
    named = [thing for thing in own if thing.__name__ == "Net"]
    if not named and len(own) != 1:
        many = f"several network classes ({', '.join(thing.__name__ for thing in own)}) and none is called Net"
        what = many if own else "no class that derives from nn.Module"
        raise UserError(f"Your network's source has {what}.", field="source", hint="Write `class Net(nn.Module):`.")
    return named[0] if named else own[0]


def accepted(found: type[nn.Module], given: dict[str, int]) -> dict[str, int]:
    """The keywords that the class takes. Raises UserError where it needs one that nobody gives."""
    if found.__init__ is nn.Module.__init__:  # it says **kwargs, and takes none
        return {}
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):  # a signature that cannot be read: give everything
        return given
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return given
    needed = [p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    if unknown := [parameter.name for parameter in needed if parameter.name not in given]:
        raise UserError(
            f"{found.__name__} wants {', '.join(unknown)}, which Foveal cannot give: it gives {', '.join(given)}.",
            field="source",
            hint="Give every other argument a default value.",
        )
    taken = {parameter.name for parameter in parameters}
    return {name: value for name, value in given.items() if name in taken}


@contextmanager
def naming_lines(source: str) -> Iterator[None]:
    """Turn an error that passed through the user's code into a UserError that names its last line there.

    Errors from elsewhere, and memory that ran out, go on as they are.
    """
    try:
        yield
    except (UserError, MemoryError, torch.OutOfMemoryError):
        raise
    except (Exception, SystemExit) as error:
        line = error_line(error, source)
        if line is None:
            raise
        raise UserError(in_words(error, line, source), field="source") from error


def error_line(error: BaseException, source: str) -> int | None:
    """The last line of the user's source that an error passed through; None where it never was there."""
    name = file_name(source)
    if isinstance(error, SyntaxError) and error.filename == name:
        return error.lineno
    frames = reversed(traceback.extract_tb(error.__traceback__))
    return next((frame.lineno for frame in frames if frame.filename == name), None)


def in_words(error: BaseException, line: int, source: str) -> str:
    """``Line 12 of your network: NameError: name 'relu' is not defined. It reads: return relu(x)``."""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    if isinstance(error, RuntimeError) and (bytes_wanted := re.search(r"tried to allocate (\d+) bytes", said)):
        said = f"it wants {int(bytes_wanted[1]) / 1e9:.1f} GB at once, and there is not that much memory"
    what = f"{type(error).__name__}: {said.strip().partition(chr(10))[0]}".rstrip(".: ")
    lines = source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    return f"Line {line} of your network: {what}." + (f" It reads: {text}" if text else "")


def file_name(source: str) -> str:
    """The name under which a source's lines appear in tracebacks; one for each text."""
    return f"<network {_digest(source)}>"


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _run(source: str) -> ModuleType:
    name, file = f"foveal_network_{_digest(source)}", file_name(source)
    module = ModuleType(name)
    module.__file__ = file
    code = compile(source, file, "exec")
    # No modification time: linecache then keeps the lines, and tracebacks in worker.log show them.
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    sys.modules[name] = module
    _loaded.append(name)
    if len(_loaded) > KEPT and (old := _loaded.popleft()) not in _loaded:
        sys.modules.pop(old, None)
        linecache.cache.pop(f"<network {old.removeprefix('foveal_network_')}>", None)
    exec(code, module.__dict__)  # noqa: S102  this is what the process is for
    return module


def _is_network(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, nn.Module)
