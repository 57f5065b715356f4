"""How much an expression may ask for: of text, of nodes, of depth, of the size of its results.

The same bounds hold for rules, mappings and queries. They are far above what people write, and low enough that the
worst expression within them is parsed, checked and computed in a moment.
"""

import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType  # type: ignore[attr-defined]

from tollwatch.errors import RuleError

MAX_CHARACTERS = 10_000
MAX_TOKENS = 1_000
MAX_NODES = 2_000
MAX_DEPTH = 60
MAX_OPEN = 24
"""Parentheses, `case`s and the like that are open at once: the parser goes a dozen calls down for each."""
MAX_TEXT = 1_000
"""Characters of one literal, and of a text made only of literals."""
MAX_GROWTH = 8
"""How many times as long as its columns a text may become."""
MAX_INTEGER = 2**63 - 1
MAX_DIGITS = 40

_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_PREFIXES = {TokenType.NOT, TokenType.DASH, TokenType.TILDE, TokenType.PLUS}
_KINDS = {
    *(exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR, exp.DataType.Type.CHAR, exp.DataType.Type.BOOLEAN),
    *(exp.DataType.Type.TINYINT, exp.DataType.Type.SMALLINT, exp.DataType.Type.INT, exp.DataType.Type.BIGINT),
    *(exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE),
}


def check_text(sql: str, *, where: str) -> None:
    """Refuse a text that is not worth parsing: too long, too many words, too deeply nested. Raises RuleError."""
    if len(sql) > MAX_CHARACTERS:
        raise RuleError(
            f"{where}: the expression has {len(sql)} characters, more than {MAX_CHARACTERS}; use a list for long "
            "enumerations"
        )
    try:
        tokens = sqlglot.tokenize(sql)
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        near = " ".join(str(error).split())[:200]
        raise RuleError(f"{where}: cannot read `{sql[:80]}` ({near}); is a quotation mark not closed?") from error
    if len(tokens) > MAX_TOKENS:
        raise RuleError(
            f"{where}: the expression has {len(tokens)} words and signs, more than {MAX_TOKENS}; use a list for long "
            "enumerations, or several rules"
        )
    depth = prefixes = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        prefixes = prefixes + 1 if token.token_type in _PREFIXES else 0
        if depth > MAX_OPEN or prefixes > MAX_OPEN:
            raise RuleError(f"{where}: the expression is nested more than {MAX_OPEN} deep; write it flatter")


def check_tree(tree: exp.Expression, *, where: str) -> None:
    """Refuse a tree that is too large or too deep, and literals that no column can hold. Raises RuleError."""
    nodes, level = 0, [tree]
    for _ in range(MAX_DEPTH):
        nodes += len(level)
        level = [child for node in level for child in node.iter_expressions()]
    if level:
        raise RuleError(
            f"{where}: the expression is more than {MAX_DEPTH} operators deep; write `in (…)` for a chain of `or`, or "
            "several rules"
        )
    if nodes > MAX_NODES:
        raise RuleError(f"{where}: the expression has {nodes} parts, more than {MAX_NODES}; split it into several")
    for literal in tree.find_all(exp.Literal):
        _check_literal(literal, where)


def _check_literal(literal: exp.Literal, where: str) -> None:
    text = str(literal.this)
    if literal.is_string:
        if len(text) > MAX_TEXT:
            raise RuleError(f"{where}: a text of {len(text)} characters stands in it, more than {MAX_TEXT}")
    elif len(text) > MAX_DIGITS or (literal.is_int and int(text) > MAX_INTEGER):
        raise RuleError(f"{where}: the number {text[:MAX_DIGITS]} has no place in 64 bits; numbers go to {MAX_INTEGER}")


def check_growth(tree: exp.Expression, *, where: str) -> None:
    """Refuse conversions to unusual kinds, and texts that grow without need. Raises RuleError."""
    for kind in tree.find_all(exp.DataType):
        if kind.this not in _KINDS or kind.expressions:
            raise RuleError(f"{where}: cannot convert to `{kind.sql()}`; text, bigint, double and boolean are possible")
    for call in tree.find_all(exp.Replace):
        if not (_is_text(call.expression) and _is_text(call.args.get("replacement")) and call.expression.this):
            raise RuleError(f"{where}: `replace` needs two texts in quotation marks, and the first must not be empty")
    for pattern in tree.find_all(exp.Like, exp.ILike):
        if not _is_text(pattern.expression):
            raise RuleError(f"{where}: `like` needs its pattern in quotation marks")
    for node in tree.find_all(exp.Concat, exp.DPipe, exp.Replace):
        columns, characters = _size(node)
        if columns > MAX_GROWTH or characters > MAX_TEXT * MAX_GROWTH:
            raise RuleError(f"{where}: `{node.sql()[:80]}` makes a text that grows too long; put fewer texts together")


def _is_text(node: object) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _size(node: exp.Expression) -> tuple[float, float]:
    """The greatest size of a value: how many times a column's, and characters beside."""
    if isinstance(node, exp.Column):
        return 1.0, 0.0
    if isinstance(node, exp.Literal):
        return 0.0, float(len(str(node.this)))
    parts = [_size(part) for part in node.iter_expressions()]
    if isinstance(node, exp.Replace):
        grown = max(len(str(node.args["replacement"].this)) / len(str(node.expression.this)), 1.0)
        columns, characters = _size(node.this)
        return columns * grown, characters * grown
    if isinstance(node, (exp.Concat, exp.DPipe, exp.Add)):
        return sum(part[0] for part in parts), sum(part[1] for part in parts)
    return max((part[0] for part in parts), default=0.0), max((part[1] for part in parts), default=0.0)
