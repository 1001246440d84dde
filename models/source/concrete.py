"""Arguments and elements in LibCST's concrete syntax: they come and go without touching a neighbour's comment."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from models.source.workbench import CannotEdit

Item = cst.Arg | cst.BaseElement | cst.BaseDictElement
Space = cst.BaseParenthesizableWhitespace


def without(tree: cst.BaseExpression, index: int) -> cst.BaseExpression:
    """A call, list, tuple or dict without one argument or element. Comment lines around it stay."""
    items, opening = list(_items(tree)), _opening(tree)
    gone = items.pop(index)
    left = _space(gone)
    if index == len(items) and items:
        items[-1] = _end(items[-1], gone)
    elif index > 0:
        before = items[index - 1]
        comma = before.comma if isinstance(before.comma, cst.Comma) else cst.Comma()
        items[index - 1] = before.with_changes(comma=comma.with_changes(whitespace_after=_join(_space(before), left)))
    else:
        opening = _join(opening, left)
    return _rebuilt(tree, items, opening)


def _items(tree: cst.BaseExpression) -> Sequence[Item]:
    if isinstance(tree, cst.Call):
        return tree.args
    if isinstance(tree, cst.List | cst.Tuple | cst.Dict):
        return tree.elements
    raise CannotEdit("This expression is not a call or a list.")


def _opening(tree: cst.BaseExpression) -> Space:
    """The white space after the opening bracket."""
    if isinstance(tree, cst.Call):
        return tree.whitespace_before_args
    if isinstance(tree, cst.List):
        return tree.lbracket.whitespace_after
    if isinstance(tree, cst.Dict):
        return tree.lbrace.whitespace_after
    return tree.lpar[0].whitespace_after if isinstance(tree, cst.Tuple) and tree.lpar else cst.SimpleWhitespace("")


def _rebuilt(tree: cst.BaseExpression, items: list[Item], opening: Space) -> cst.BaseExpression:
    if isinstance(tree, cst.Call):
        return tree.with_changes(args=items, whitespace_before_args=opening)
    if isinstance(tree, cst.List):
        return tree.with_changes(elements=items, lbracket=tree.lbracket.with_changes(whitespace_after=opening))
    if isinstance(tree, cst.Dict):
        return tree.with_changes(elements=items, lbrace=tree.lbrace.with_changes(whitespace_after=opening))
    if isinstance(tree, cst.Tuple) and tree.lpar:
        first = tree.lpar[0].with_changes(whitespace_after=opening)
        return tree.with_changes(elements=items, lpar=[first, *tree.lpar[1:]])
    return tree.with_changes(elements=items)


def _space(item: Item) -> Space:
    """The white space behind an argument or element and its comma."""
    if isinstance(item.comma, cst.Comma):
        return item.comma.whitespace_after
    return item.whitespace_after_arg if isinstance(item, cst.Arg) else cst.SimpleWhitespace("")


def _lines(space: Space) -> list[cst.EmptyLine]:
    """The comment lines (and empty lines) in white space."""
    return list(space.empty_lines) if isinstance(space, cst.ParenthesizedWhitespace) else []


def _join(kept: Space, gone: Space) -> Space:
    """White space that stays, with the comment lines of that which goes."""
    if not any(line.comment for line in _lines(gone)) or not isinstance(gone, cst.ParenthesizedWhitespace):
        return kept
    if isinstance(kept, cst.ParenthesizedWhitespace):
        return kept.with_changes(empty_lines=[*kept.empty_lines, *gone.empty_lines], last_line=gone.last_line)
    return gone.with_changes(first_line=cst.TrailingWhitespace(newline=gone.first_line.newline))


def _end(last: Item, gone: Item) -> Item:
    """The item that is the last one now: it keeps its own comment and gets the white space before the bracket."""
    mine, closing = _space(last), _space(gone)
    if isinstance(mine, cst.ParenthesizedWhitespace) and isinstance(last.comma, cst.Comma):
        line = closing.last_line if isinstance(closing, cst.ParenthesizedWhitespace) else cst.SimpleWhitespace("")
        space = _join(mine, closing)
        if isinstance(gone.comma, cst.Comma) or isinstance(gone, cst.Arg):
            space = space.with_changes(last_line=line)
        return last.with_changes(comma=last.comma.with_changes(whitespace_after=space))
    if isinstance(gone.comma, cst.Comma):
        return last.with_changes(comma=gone.comma.with_changes(whitespace_after=plain(closing, lines=True)))
    end = {"whitespace_after_arg": plain(closing, lines=True)} if isinstance(last, cst.Arg) else {}
    return last.with_changes(comma=cst.MaybeSentinel.DEFAULT, **end)


def plain(space: Space, *, lines: bool = False) -> Space:
    """White space without the comment on its first line, and without comment lines unless ``lines``."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return space
    first = cst.TrailingWhitespace(newline=space.first_line.newline)
    return space.with_changes(first_line=first, empty_lines=space.empty_lines if lines else [])


def with_argument(call: cst.Call, new: cst.Arg) -> cst.Call:
    """A call with one more argument at the end, laid out like those before."""
    args = list(call.args)
    if not args:
        return call.with_changes(args=[new])
    last = args.pop()
    before = args[-1].comma if args else None
    gap = plain(before.whitespace_after) if isinstance(before, cst.Comma) else plain(call.whitespace_before_args)
    space = _space(last)
    if isinstance(space, cst.ParenthesizedWhitespace):
        indent = gap.last_line if isinstance(gap, cst.ParenthesizedWhitespace) else space.last_line
        between: Space = space.with_changes(last_line=indent)
    else:
        between = gap if args and isinstance(gap, cst.ParenthesizedWhitespace) else cst.SimpleWhitespace(" ")
    if isinstance(last.comma, cst.Comma):
        new = new.with_changes(comma=last.comma.with_changes(whitespace_after=plain(space)))
    else:
        new = new.with_changes(whitespace_after_arg=plain(space))
    comma = last.comma if isinstance(last.comma, cst.Comma) else cst.Comma()
    last = last.with_changes(comma=comma.with_changes(whitespace_after=between), whitespace_after_arg=_none())
    return call.with_changes(args=[*args, last, new])


def _none() -> cst.SimpleWhitespace:
    return cst.SimpleWhitespace("")
