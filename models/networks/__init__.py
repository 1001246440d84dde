"""The library of networks: one file per family, read as text so that the web can list them without importing torch.

A file defines ``class Net(nn.Module)`` and a literal ``INFO`` (a dict, or a list of dicts where one file holds several
members of a family) with the keys of :class:`Network`. ``"set": {"DEPTH": 50}`` in an entry replaces the value of that
upper-case constant of the file, so that ResNet-18 and ResNet-50 are one source. Third parties register a module under
the entry point ``foveal.networks``; it is found by its import path, and only its parent packages are ever imported.
"""

from __future__ import annotations

import ast
import importlib.util
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

Assignments = Mapping[str, tuple[ast.stmt, ast.expr]]
"""Name -> the statement that gives it a value at the top of a file, and that value."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """One entry of the library; ``size`` and ``least`` are the usual and the smallest side of a square image, pixels.

    ``batch_size`` and ``learning_rate`` (for SGD with momentum 0.9) are what training uses when the form leaves them
    blank; ``source`` is the Python text to train or to edit, without ``INFO``; ``pretrained`` names weights of
    torchvision that fill it.
    """

    name: str
    title: str
    year: int
    size: int
    least: int
    batch_size: int
    learning_rate: float
    description: str
    citation: str
    source: str
    pretrained: str = ""


class Networks:
    """The networks by name, oldest first; files that cannot be used are kept in ``broken`` with the reason."""

    def __init__(self, files: Iterable[Path] | None = None) -> None:
        self.broken: dict[str, str] = {}
        self._given = files
        self._things: dict[str, Network] | None = None

    def __getitem__(self, name: str) -> Network:
        return self._all()[name]

    def get(self, name: str) -> Network | None:
        """The network of this name, if there is one."""
        return self._all().get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def __iter__(self) -> Iterator[Network]:
        return iter(self._all().values())

    def __len__(self) -> int:
        return len(self._all())

    def names(self) -> list[str]:
        """All names, oldest network first."""
        return list(self._all())

    def _all(self) -> dict[str, Network]:
        if self._things is None:
            files = _own_files() if self._given is None else self._given
            found = [network for path in files for network in self._try(path)]
            if self._given is None:
                found += [network for path in self._entry_points() for network in self._try(path)]
            self._things = {network.name: network for network in sorted(found, key=lambda n: (n.year, n.title))}
        return self._things

    def _try(self, path: Path) -> list[Network]:
        """What a file holds; a file that cannot be used is shown as broken and never stops the server."""
        try:
            return read_networks(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError, TypeError) as error:
            log.warning("network file %s cannot be used: %s", path, error)
            self.broken[str(path)] = f"{type(error).__name__}: {error}"
            return []

    def _entry_points(self) -> Iterator[Path]:
        for entry in entry_points(group="foveal.networks"):
            try:
                spec = importlib.util.find_spec(entry.module)
            except ImportError as error:
                self.broken[entry.value] = f"{type(error).__name__}: {error}"
                continue
            if spec is None or spec.origin is None:
                self.broken[entry.value] = "There is no such module."
            else:
                yield Path(spec.origin)


def read_networks(text: str) -> list[Network]:
    """The entries of one file's text. Raises SyntaxError, ValueError or TypeError saying what is wrong with it."""
    assigned = dict(_assignments(ast.parse(text)))
    if "INFO" not in assigned:
        raise ValueError("The file has no INFO.")
    info = ast.literal_eval(assigned["INFO"][1])
    return [_network(text, assigned, entry) for entry in (info if isinstance(info, list) else [info])]


def _network(text: str, assigned: Assignments, entry: dict[str, Any]) -> Network:
    constants = entry.get("set", {})
    if unknown := sorted(constants.keys() - assigned.keys()):
        raise ValueError(f"INFO sets {', '.join(unknown)}, which the file does not define.")
    known = {key: value for key, value in entry.items() if key != "set"}
    return Network(**known, source=_source(text, assigned, constants))


def _source(text: str, assigned: Assignments, constants: Mapping[str, Any]) -> str:
    """The text with constants replaced and INFO cut out; from the last line to the first, so that line numbers hold."""
    lines = text.splitlines(keepends=True)
    for name in sorted({"INFO", *constants}, key=lambda name: -assigned[name][0].lineno):
        statement, value = assigned[name]
        if name == "INFO":
            del lines[statement.lineno - 1 : statement.end_lineno]
        elif value.lineno != value.end_lineno:
            raise ValueError(f"{name} must be on one line, because INFO sets it.")
        else:
            line = lines[value.lineno - 1].encode()  # columns of the syntax tree count UTF-8 bytes
            new = line[: value.col_offset] + repr(constants[name]).encode() + line[value.end_col_offset :]
            lines[value.lineno - 1] = new.decode()
    return re.sub(r"\n{4,}", "\n\n\n", "".join(lines))


def _assignments(tree: ast.Module) -> Iterator[tuple[str, tuple[ast.stmt, ast.expr]]]:
    """Every ``NAME = value`` and ``NAME: type = value`` at the top of the file."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, (node, node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, (node, node.value)


def _own_files() -> list[Path]:
    return [path for path in sorted(Path(__file__).parent.glob("*.py")) if not path.name.startswith("_")]


networks = Networks()
