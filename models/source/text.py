"""Source text with offsets: spans of syntax nodes, minimal changes and their inverse. Knows nothing of networks."""

from __future__ import annotations

import ast
import hashlib
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from data.errors import UserError

LONGEST = 500_000
"""Characters of source that are read; a longer text is refused."""


class Span(NamedTuple):
    """A half-open range of the text, in characters (code points) from its beginning."""

    start: int
    end: int

    def holds(self, other: Span) -> bool:
        """Whether ``other`` lies inside."""
        return self.start <= other.start and other.end <= self.end


class Change(NamedTuple):
    """Replace the characters ``start`` to ``end`` of the old text by ``text``; what CodeMirror calls a change."""

    start: int
    end: int
    text: str


class SourceError(UserError):
    """The text is not Python. ``line`` and ``column`` count from 1 and 0; ``offset`` is the place in the text."""

    def __init__(self, message: str, *, line: int, column: int, offset: int) -> None:
        super().__init__(message, field="source", hint=f"See line {line}.")
        self.line = line
        self.column = column
        self.offset = offset


def digest(text: str) -> str:
    """The SHA-256 of the text in hex: what an edit names, so that one made for an older text is refused."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def apply_changes(text: str, changes: Iterable[Change]) -> str:
    """The text after all changes, whose offsets count in the old text and which do not overlap."""
    parts: list[str] = []
    place = 0
    for change in sorted(changes, key=lambda change: (change.start, change.end)):
        if change.start < place or change.end < change.start or change.end > len(text):
            raise ValueError(f"Change {change.start}-{change.end} overlaps another one or leaves the text.")
        parts += [text[place : change.start], change.text]
        place = change.end
    return "".join([*parts, text[place:]])


def inverse(text: str, changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes that turn the changed text back into ``text``."""
    back: list[Change] = []
    shift = 0
    for change in sorted(changes, key=lambda change: (change.start, change.end)):
        start = change.start + shift
        back.append(Change(start, start + len(change.text), text[change.start : change.end]))
        shift += len(change.text) - (change.end - change.start)
    return tuple(back)


def minimal(text: str, change: Change) -> Change:
    """The same change without the characters that stay as they are at either end."""
    old, new = text[change.start : change.end], change.text
    most = min(len(old), len(new))
    head = next((i for i in range(most) if old[i] != new[i]), most)
    most -= head
    tail = next((i for i in range(most) if old[-1 - i] != new[-1 - i]), most)
    return Change(change.start + head, change.end - tail, new[head : len(new) - tail])


@dataclass(frozen=True)
class Source:
    """Python text and the places of its syntax nodes."""

    text: str

    @cached_property
    def hash(self) -> str:
        """See :func:`digest`."""
        return digest(self.text)

    @cached_property
    def starts(self) -> list[int]:
        """Offset of the first character of every line, as Python counts lines (\\n, \\r\\n and \\r end one)."""
        first = 1 if self.text.startswith("\ufeff") else 0
        return [first, *(match.end() for match in re.finditer(r"\r\n|\n|\r", self.text))]

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree. Raises SourceError; nothing of the text is ever run."""
        if len(self.text) > LONGEST:
            raise SourceError(f"The source is longer than {LONGEST:,} characters.", line=1, column=0, offset=0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an invalid escape in somebody's docstring is not our business
                return ast.parse(self.text.removeprefix("\ufeff"))
        except SyntaxError as error:
            raise self._syntax_error(error) from None
        except (ValueError, RecursionError, MemoryError) as error:
            message = f"The source cannot be read: {error or 'it is nested too deeply'}."
            raise SourceError(message, line=1, column=0, offset=0) from None

    def _syntax_error(self, error: SyntaxError) -> SourceError:
        line = min(max(error.lineno or 1, 1), len(self.starts))
        column = max((error.offset or 1) - 1, 0)
        offset = min(self.starts[line - 1] + column, len(self.text))
        return SourceError(f"Line {line}: {error.msg}.", line=line, column=column, offset=offset)

    @cached_property
    def _ascii(self) -> bool:
        return self.text.isascii()

    def offset(self, line: int, column: int) -> int:
        """The offset of a place that Python gives as line (from 1) and column in UTF-8 bytes (from 0)."""
        start = self.starts[line - 1]
        if self._ascii:
            return start + column
        stop = self.starts[line] if line < len(self.starts) else len(self.text)
        encoded = self.text[start:stop].encode("utf-8", "surrogatepass")
        return start + len(encoded[:column].decode("utf-8", "surrogatepass"))

    def span(self, node: ast.expr | ast.stmt | ast.keyword | ast.arg | ast.alias) -> Span:
        """Where a syntax node stands, without parentheses around it."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return Span(self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column))

    def snippet(self, where: Span | ast.expr | ast.stmt) -> str:
        """The text of a span or of a syntax node."""
        span = where if isinstance(where, Span) else self.span(where)
        return self.text[span.start : span.end]

    def place(self, offset: int) -> tuple[int, int]:
        """Line (from 1) and column in characters (from 0) of an offset."""
        line = max(bisect_right(self.starts, offset), 1)
        return line, max(offset - self.starts[line - 1], 0)

    def utf16(self, offset: int) -> int:
        """The offset in UTF-16 units, in which JavaScript counts: a character beyond U+FFFF is two."""
        return offset + bisect_left(self._astral, offset)

    @cached_property
    def _astral(self) -> list[int]:
        return [] if self._ascii else [i for i, character in enumerate(self.text) if character > "\uffff"]
