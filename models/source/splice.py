"""Changes of text around syntax: whole lines, elements of calls and lists, parentheses where Python needs them."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Callable, Iterator
from functools import cached_property

import libcst as cst

from data.errors import UserError
from models.source.text import Change, Source, Span, minimal

Block = list[ast.stmt]
_PRIMARY = (
    ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.Constant | ast.List | ast.Dict | ast.Set | ast.JoinedStr
)
_OPEN = (
    ast.Call | ast.keyword | ast.Assign | ast.AnnAssign | ast.Return | ast.List | ast.Tuple | ast.Expr | ast.NamedExpr
)
"""Parents inside of which any expression may stand without parentheses of its own."""


class Syntax:
    """The syntax tree of a source by place: parents, statements and their blocks."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.parents: dict[ast.AST, ast.AST] = {}
        self.nodes: list[ast.AST] = [source.tree]
        """Every node, from the outside inwards."""
        for parent in self.nodes:  # grows meanwhile
            children = list(ast.iter_child_nodes(parent))
            self.parents.update(dict.fromkeys(children, parent))
            self.nodes += children

    @cached_property
    def _by_line(self) -> dict[int, list[ast.expr | ast.stmt]]:
        found: dict[int, list[ast.expr | ast.stmt]] = {}
        for node in self.nodes:
            if isinstance(node, ast.expr | ast.stmt):
                found.setdefault(node.lineno, []).append(node)
        return found

    def _at(self, span: Span) -> Iterator[ast.expr | ast.stmt]:
        """What stands exactly there, from the outside inwards."""
        line, _ = self.source.place(span.start)
        return (node for node in self._by_line.get(line, ()) if self.source.span(node) == span)

    def expression(self, span: Span) -> ast.expr | None:
        """The outermost expression of exactly that span."""
        return next((node for node in self._at(span) if isinstance(node, ast.expr)), None)

    def statement_at(self, span: Span) -> ast.stmt | None:
        """The statement of exactly that span."""
        return next((node for node in self._at(span) if isinstance(node, ast.stmt)), None)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around one, from the nearest outwards."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that holds an expression (or the statement itself)."""
        return node if isinstance(node, ast.stmt) else next(n for n in self.around(node) if isinstance(n, ast.stmt))

    def function(self, node: ast.AST) -> ast.FunctionDef | None:
        """The function that holds a node."""
        return next((n for n in self.around(node) if isinstance(n, ast.FunctionDef)), None)

    def cls(self, node: ast.AST) -> ast.ClassDef | None:
        """The class that holds a node."""
        return next((n for n in self.around(node) if isinstance(n, ast.ClassDef)), None)

    def block(self, statement: ast.stmt) -> Block:
        """The list of statements in which one stands."""
        parent = self.parents[statement]
        for name in ("body", "orelse", "finalbody"):
            block: Block = getattr(parent, name, [])
            if isinstance(block, list) and statement in block:
                return block
        return [statement]

    # Lines -----------------------------------------------------------------------------------------------------------
    def line(self, offset: int) -> Span:
        """The physical line that holds an offset, without its end."""
        starts = self.source.starts
        index = self.source.place(offset)[0] - 1
        stop = starts[index + 1] if index + 1 < len(starts) else len(self.source.text)
        text = self.source.text[starts[index] : stop]
        return Span(starts[index], starts[index] + len(text.rstrip("\r\n")))

    @cached_property
    def newline(self) -> str:
        """How this text ends its lines."""
        found = re.search(r"\r\n|\n|\r", self.source.text)
        return found.group() if found else "\n"

    def indent(self, statement: ast.stmt) -> str:
        """The white space before a statement. Raises UserError where it does not begin its line."""
        start = self.source.span(statement).start
        block = self.block(statement)
        first = next(s for s in block if s.lineno == statement.lineno)
        before = self.source.text[self.line(start).start : self.source.span(first).start]
        if before.strip():
            raise UserError(
                f"Line {statement.lineno} holds a whole block on one line, where no line can be put.",
                field="edit",
                hint="Write the block on lines of its own first.",
            )
        return before

    def after(self, statement: ast.stmt, text: str) -> Change:
        """A line of its own after the line on which a statement ends."""
        block, last = self.block(statement), statement
        for other in block[block.index(statement) :]:
            if other.lineno <= (last.end_lineno or last.lineno):
                last = other
        place = self.line(self.source.span(last).end).end
        return Change(place, place, f"{self.newline}{self.indent(statement)}{text}")

    def before(self, statement: ast.stmt, text: str) -> Change:
        """A line of its own before the line on which a statement begins (and before its decorators)."""
        place = self.line(self.source.span(statement).start).start
        return Change(place, place, f"{self.indent(statement)}{text}{self.newline}")

    def remove(self, statement: ast.stmt) -> Change:
        """Take a statement out, with its line and the comment on it; a block that would be empty keeps ``pass``."""
        span, block = self.source.span(statement), self.block(statement)
        if len(block) == 1:
            return Change(span.start, span.end, "pass")
        index = block.index(statement)
        joined = [o for o in block if o is not statement and _share_line(o, statement)]
        if joined:
            following = block[index + 1] if index + 1 < len(block) and block[index + 1] in joined else None
            if following is not None:
                return Change(span.start, self.source.span(following).start, "")
            return Change(self.source.span(block[index - 1]).end, span.end, "")
        start, stop = self.line(span.start).start, self.line(span.end).end
        ends = re.compile(r"\r\n|\n|\r").match(self.source.text, stop)
        return Change(start, ends.end() if ends else stop, "")

    # Expressions -----------------------------------------------------------------------------------------------------
    def wrap(self, span: Span, before: str, after: str) -> list[Change]:
        """Put text before and after an expression."""
        return [Change(span.start, span.start, before), Change(span.end, span.end, after)]

    def unwrap(self, outer: ast.expr, inner: ast.expr) -> list[Change]:
        """Leave of an expression only a part of it."""
        a, b = self.source.span(outer), self.source.span(inner)
        lost = [span for span in self.comments if a.holds(span) and not b.holds(span)]
        if lost and isinstance(outer, ast.Call):
            return self._keep_comments(outer, inner, lost)
        brackets = self.needs_brackets(inner, self.parents[outer])
        return [Change(a.start, b.start, "(" if brackets else ""), Change(b.end, a.end, ")" if brackets else "")]

    @cached_property
    def comments(self) -> list[Span]:
        """Where the comments are."""
        starts, text = self.source.starts, self.source.text
        if "#" not in text:
            return []
        lines = (text[start:stop] for start, stop in zip(starts, [*starts[1:], len(text)], strict=True))
        tokens = tokenize.generate_tokens(lambda: next(lines, ""))
        places = [(starts[t.start[0] - 1] + t.start[1], t.string) for t in tokens if t.type == tokenize.COMMENT]
        return [Span(start, start + len(string)) for start, string in places]

    def _keep_comments(self, outer: ast.Call, inner: ast.expr, kept: list[Span]) -> list[Change]:
        """Take the callee and the other arguments away, and leave the comments between the parentheses."""
        func, whole, value = (self.source.span(node) for node in (outer.func, outer, inner))
        if outer.args[:1] != [inner]:
            raise UserError("A comment stands between the arguments; take it out in the code.", field="edit")
        changes = [Change(func.start, func.end, "")]
        place, end = value.end, whole.end - 1
        for comment in (span for span in kept if span.start >= value.end):
            changes.append(Change(place, comment.start, "  "))
            place = comment.end
        tail = self.source.text[place:end]
        if place > value.end:  # a comment came last: its line must end before the bracket
            return [*changes, Change(place, end, self.newline + tail[len(tail.rstrip(" \t")) :])]
        return [*changes, Change(place, end, "" if tail.strip() else tail)]

    def needs_brackets(self, inner: ast.expr, parent: ast.AST) -> bool:
        """Whether an expression must stand in parentheses as a child of ``parent``."""
        text = self.source.snippet(inner)
        bracketed = isinstance(inner, _PRIMARY) or (isinstance(inner, ast.Tuple) and text.startswith("("))
        if bracketed:
            return False
        lines = "\n" in text or "\r" in text
        free = isinstance(parent, _OPEN) and not lines
        return not free or isinstance(inner, ast.Tuple | ast.GeneratorExp | ast.NamedExpr | ast.Starred)

    def combine(self, node: ast.expr, before: str, after: str) -> list[Change]:
        """``before node after`` as one arithmetic expression, in parentheses where its surroundings need them."""
        weak = not isinstance(node, _PRIMARY | ast.BinOp | ast.UnaryOp | ast.Tuple)
        low = isinstance(node, ast.BinOp) and isinstance(
            node.op, ast.LShift | ast.RShift | ast.BitAnd | ast.BitOr | ast.BitXor
        )
        inner = ("(", ")") if weak or low else ("", "")
        outer = ("", "") if isinstance(self.parents[node], _OPEN) else ("(", ")")
        return self.wrap(self.source.span(node), outer[0] + before + inner[0], inner[1] + after + outer[1])

    # Elements --------------------------------------------------------------------------------------------------------
    def insert_before(self, span: Span, text: str) -> Change:
        """An element before another one, on a line of its own where that one has one."""
        line = self.line(span.start)
        before = self.source.text[line.start : span.start]
        gap = " " if before.strip() else self.newline + before
        return Change(span.start, span.start, f"{text},{gap}")

    def insert_after(self, span: Span, text: str) -> list[Change]:
        """An element after another one, behind the comment that belongs to that one."""
        line = self.line(span.start)
        before = self.source.text[line.start : span.start]
        rest = re.compile(r"[ \t]*(,?)[ \t]*(#[^\r\n]*)?(?=[\r\n])").match(self.source.text, span.end)
        if before.strip() or rest is None:
            gap = " " if before.strip() else self.newline + before
            return [Change(span.end, span.end, f",{gap}{text}")]
        added = Change(rest.end(), rest.end(), f"{self.newline}{before}{text}{rest.group(1)}")
        return [added] if rest.group(1) else [Change(span.end, span.end, ","), added]

    def edit_call(self, node: ast.expr, change: Callable[[cst.BaseExpression], cst.BaseExpression]) -> Change:
        """Change a call or list by its concrete syntax tree: what the change does not touch keeps every byte."""
        span = self.source.span(node)
        module = cst.parse_module(self.source.snippet(span))
        line = module.body[0]
        if not isinstance(line, cst.SimpleStatementLine) or not isinstance(line.body[0], cst.Expr):
            raise UserError("This expression cannot be edited.", field="edit")
        old = line.body[0].value
        new = module.with_changes(body=[line.with_changes(body=[line.body[0].with_changes(value=change(old))])])
        return minimal(self.source.text, Change(span.start, span.end, new.code))


def _share_line(a: ast.stmt, b: ast.stmt) -> bool:
    return a.lineno <= (b.end_lineno or b.lineno) and b.lineno <= (a.end_lineno or a.lineno)
