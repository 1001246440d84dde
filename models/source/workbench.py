"""What every edit works with: the source, its syntax tree and its graph; and the draft of an edit."""

from __future__ import annotations

import ast
import io
import tokenize
from dataclasses import dataclass, field

from data.errors import UserError
from models.source.graph import Edge, Graph, Node
from models.source.splice import Syntax
from models.source.text import Change, Source, Span


class CannotEdit(UserError):
    """The graph shows it, but it cannot be edited there; the message gives the reason."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, field="edit", hint=hint or "Change it in the code.")


@dataclass
class Draft:
    """The changes of one edit, and what a person should know about them."""

    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Workbench:
    """One source with its graph, ready to be edited."""

    def __init__(self, source: Source, graph: Graph) -> None:
        self.source = source
        self.graph = graph
        self.syntax = Syntax(source)

    def node(self, name: str) -> Node:
        """A node that may be edited. Raises UserError where there is none, CannotEdit where it is locked."""
        node = self.graph.by_id.get(name)
        if node is None:
            raise UserError(f"The graph has no node `{name}`.", field="node")
        if node.locked:
            raise CannotEdit(f"`{node.label}` is locked: {node.locked}")
        return node

    def edge(self, name: str) -> Edge:
        """An edge of the graph. Raises UserError where there is none."""
        edge = self.graph.edge_by_id.get(name)
        if edge is None:
            raise UserError(f"The graph has no edge `{name}`.", field="edge")
        return edge

    def expression(self, span: Span | None, what: str) -> ast.expr:
        """The expression at a span."""
        node = self.syntax.expression(span) if span is not None else None
        if node is None:
            raise CannotEdit(f"No expression of the source stands for {what}.")
        return node

    def call(self, span: Span | None, what: str) -> ast.Call:
        """The call at a span."""
        node = self.expression(span, what)
        if not isinstance(node, ast.Call):
            raise CannotEdit(f"{what} is not made by a call.")
        return node

    def definition(self, node: Node) -> ast.Call:
        """The call that makes a layer, or that is an operation itself."""
        span = node.definition if node.definition is not None else node.location
        return self.call(span, f"`{node.label}`")

    def assignment(self, node: Node) -> ast.stmt | None:
        """The statement ``self.name = ...`` that keeps a layer."""
        made = self.syntax.expression(node.definition) if node.definition is not None else None
        if made is None:
            return None
        statement = self.syntax.statement(made)
        kept = isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is made
        return statement if kept else None

    def attribute(self, node: Node) -> str | None:
        """The name under which a call site calls its layer: "conv1" of ``self.conv1(x)``."""
        call = self.syntax.expression(node.location) if node.location is not None else None
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and isinstance(call.func.value, ast.Name)
        ):
            statement_self = self.syntax.function(call)
            own = statement_self.args.args[:1] if statement_self else []
            return call.func.attr if own and own[0].arg == call.func.value.id else None
        return None


def python(text: str, name: str) -> str:
    """An argument's text, which must be one expression. Raises UserError; it is parsed and never run."""
    clean = text.strip()
    try:
        parsed = ast.parse(clean, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(f"`{clean}` is not a Python expression.", field=name) from None
    tokens = tokenize.generate_tokens(io.StringIO(clean).readline)
    if len(clean.splitlines()) > 1 or any(token.type == tokenize.COMMENT for token in tokens):
        raise UserError("Write the value on one line, without a comment.", field=name)
    if isinstance(parsed.body, ast.Starred | ast.NamedExpr | ast.GeneratorExp | ast.Yield | ast.YieldFrom | ast.Await):
        raise UserError(f"`{clean}` is not a value.", field=name)
    if isinstance(parsed.body, ast.Tuple) and not clean.startswith("("):
        return f"({clean})"
    return clean
