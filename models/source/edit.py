"""Applies an edit of the graph to the source: minimal changes of the text, and everything else byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import libcst as cst

from data.errors import UserError
from models.source import edits, insert, join, remove, settings
from models.source.channels import Suggestion, mismatches
from models.source.graph import Graph
from models.source.indices import follow
from models.source.parse import read
from models.source.text import Change, Source, SourceError, apply_changes, inverse
from models.source.workbench import CannotEdit, Draft, Workbench

_APPLY: dict[type[edits.Edit], Callable[[Workbench, Any], Draft]] = {
    edits.InsertOnEdge: insert.insert,
    edits.Duplicate: insert.duplicate,
    edits.Delete: remove.delete,
    edits.AddSkip: join.skip,
    edits.Concatenate: join.concatenate,
    edits.SetArgument: settings.set_argument,
    edits.Swap: settings.swap,
    edits.SetRepeat: settings.set_repeat,
    edits.Rename: settings.rename,
}

_FOLLOWED = "Numbers in the code that name layers of this list follow, so that they mean the same ones."


class StaleEdit(UserError):
    """The edit was made for another text than the present one."""

    def __init__(self) -> None:
        super().__init__(
            "The source has changed since this graph was drawn, so the edit was not done.",
            field="hash",
            hint="Look at the new graph and do it again.",
        )


@dataclass(frozen=True)
class EditResult:
    """The source after an edit.

    ``changes`` are what to do to the old text, as an editor does them (offsets in characters of the old text, in order,
    none overlapping); ``undo`` turns the new text back. ``added`` are the nodes that are new. ``suggestions`` are edits
    that would mend layers which do not fit; none is done by itself. ``notes`` are sentences for the person.
    """

    source: str
    hash: str
    changes: tuple[Change, ...]
    undo: tuple[Change, ...]
    graph: Graph
    added: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]
    notes: tuple[str, ...]


def apply(
    source: str | Source,
    edit: edits.Edit,
    hash: str | None = None,
    *,
    root: str | None = None,
    arguments: Mapping[str, object] | None = None,
    graph: Graph | None = None,
) -> EditResult:
    """Do one edit. ``root`` and ``arguments`` must be those with which the graph was read; ``graph`` saves reading it
    again where the caller still has it.

    ``hash`` is that of the source for which the edit was made; None skips the check. Raises StaleEdit, SourceError,
    CannotEdit (with the reason, nothing is changed) and UserError for a wrong name or value.
    """
    source = Source(source) if isinstance(source, str) else source
    if hash is not None and hash != source.hash:
        raise StaleEdit
    before = graph if graph is not None and graph.hash == source.hash else read(source, root, arguments)
    try:
        draft = _APPLY[type(edit)](Workbench(source, before), edit)
    except (cst.CSTValidationError, cst.ParserSyntaxError) as error:
        raise CannotEdit(f"The edit would leave an expression that is not Python: {error}") from error
    changes = tidy(source, draft.changes)
    if not changes:
        raise UserError("The edit changes nothing.", field="edit")
    after = Source(apply_changes(source.text, changes))
    _parse(after)
    if followers := follow(source, after):
        changes = tidy(source, [*changes, *followers])
        after = Source(apply_changes(source.text, changes))
    new = _reread(after, before, root, arguments)
    added = tuple(node.id for node in new.nodes if node.id not in before.by_id)
    notes = (*draft.notes, *_spread(before, edit), *([_FOLLOWED] if followers else []))
    undo = inverse(source.text, changes)
    return EditResult(after.text, after.hash, changes, undo, new, added, mismatches(new), notes)


def tidy(source: Source, changes: list[Change]) -> tuple[Change, ...]:
    """The changes in order, without empty ones; insertions at one place become one."""
    kept: list[Change] = []
    for change in sorted(changes, key=lambda change: (change.start, change.end)):
        if source.text[change.start : change.end] == change.text:
            continue
        last = kept[-1] if kept else None
        if last is not None and last.end == change.start and last.start == last.end:
            kept[-1] = Change(last.start, change.end, last.text + change.text)
        else:
            kept.append(change)
    return tuple(kept)


def _parse(after: Source) -> None:
    """Refuse what is no Python any more."""
    try:
        _ = after.tree
    except SourceError as error:
        raise CannotEdit(f"The edit would leave a source that cannot be read ({error.message})") from error


def _reread(after: Source, before: Graph, root: str | None, arguments: Mapping[str, object] | None) -> Graph:
    """The graph of the new text, which must still be read. An edit that broke it is refused."""
    try:
        return read(after, root or before.root, arguments)
    except (SourceError, UserError) as error:
        raise CannotEdit(f"The edit would leave a source that cannot be read ({error.message})") from error


def _spread(graph: Graph, edit: edits.Edit) -> list[str]:
    """How many places of the network one piece of source stands for."""
    name = getattr(edit, "node", None)
    edge = graph.edge_by_id.get(getattr(edit, "edge", ""))
    node = graph.by_id.get(name or (edge.target if edge else ""))
    if node is None or node.shared < 2 or node.repeat is not None:
        return []
    return [f"This piece of source is used {node.shared} times in the network; all of them change."]
