"""Pure expressions over the columns of a stream: parsed once, checked with errors that point at the word.

Whatever has another answer tomorrow, looks at other rows, or reads anything but the columns is refused; so is what
would take more time or memory than `tollwatch.bounds` allows.
"""

from collections.abc import Mapping

import polars as pl
import sqlglot
from sqlglot import exp

from tollwatch import bounds
from tollwatch.errors import RuleError

_ALLOWED: tuple[type[exp.Expression], ...] = (
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Paren,
    exp.And,
    exp.Or,
    exp.Not,
    exp.Neg,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Mod,
    exp.In,
    exp.Tuple,
    exp.Between,
    exp.Like,
    exp.ILike,
    exp.Is,
    exp.Case,
    exp.If,
    exp.Coalesce,
    exp.Abs,
    exp.Least,
    exp.Greatest,
    exp.Round,
    exp.Floor,
    exp.Ceil,
    exp.Length,
    exp.Substring,
    exp.Left,
    exp.Right,
    exp.StartsWith,
    exp.EndsWith,
    exp.Lower,
    exp.Upper,
    exp.Concat,
    exp.DPipe,
    exp.Cast,
    exp.TryCast,
    exp.DataType,
    exp.Nullif,
    exp.Trim,
    exp.StrPosition,
    exp.Replace,
)
FUNCTIONS = (
    "abs",
    "case",
    "cast",
    "ceil",
    "coalesce",
    "concat",
    "ends_with",
    "floor",
    "greatest",
    "least",
    "left",
    "length",
    "like",
    "lower",
    "nullif",
    "replace",
    "right",
    "round",
    "starts_with",
    "strpos",
    "substring",
    "trim",
    "upper",
)


def _pointed(sql: str, word: str) -> str:
    """The expression with a caret under a word."""
    at = sql.lower().find(word.lower())
    return f"\n  {sql}\n  {' ' * max(at, 0)}{'^' * max(len(word), 1)}" if at >= 0 else f"\n  {sql}"


def parse(sql: str, *, where: str) -> exp.Expression:
    """Parse one expression. Raises RuleError pointing at what cannot be read, or saying which bound it breaks."""
    bounds.check_text(sql, where=where)
    try:
        trees = sqlglot.parse(sql)
    except RecursionError as error:
        raise RuleError(f"{where}: the expression is nested too deeply; write it flatter") from error
    except sqlglot.errors.SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        word = str(details[0].get("highlight") or "")
        raise RuleError(f"{where}: cannot read the expression near `{word or sql}`{_pointed(sql, word)}") from error
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Expression):
        raise RuleError(f"{where}: `{sql}` is not one expression; write for example duration_s > 60")
    bounds.check_tree(tree, where=where)
    return tree


def check(
    sql: str, columns: Mapping[str, pl.DataType], *, where: str, functions: frozenset[str] = frozenset()
) -> exp.Expression:
    """Parse an expression and make sure that it is pure and names only known columns and functions.

    Raises RuleError naming the place, with a caret under the word and the nearest name there is.

    >>> check("duration_s > 60", {"duration_s": pl.Int64()}, where="example").sql()
    'duration_s > 60'
    """
    tree = parse(sql, where=where)
    for node in tree.walk():
        if isinstance(node, exp.Column):
            _column(node, columns, sql, where)
        elif isinstance(node, exp.Anonymous):
            if node.name.lower() not in functions:
                error = RuleError.unknown_word(node.name, [*FUNCTIONS, *functions], where=where, what="function")
                raise RuleError(f"{error}{_pointed(sql, node.name)}")
        elif not isinstance(node, _ALLOWED):
            word = node.key if not isinstance(node, exp.Func) else node.sql_name().lower()
            raise RuleError(
                f"{where}: `{word}` cannot stand in an expression; only columns, numbers, text and pure functions "
                f"of one row can{_pointed(sql, word)}"
            )
    bounds.check_growth(tree, where=where)
    return tree


def never_failing(tree: exp.Expression) -> exp.Expression:
    """The expression with conversions that give null where a value cannot be converted: no row may end a run.

    >>> never_failing(sqlglot.parse_one("cast(called_number as bigint) > 5")).sql()
    'TRY_CAST(called_number AS BIGINT) > 5'
    """

    def tried(node: exp.Expression) -> exp.Expression:
        return exp.TryCast(**node.args) if type(node) is exp.Cast else node

    made: exp.Expression = tree.transform(tried)
    return made


def _column(node: exp.Column, columns: Mapping[str, pl.DataType], sql: str, where: str) -> None:
    if node.table or node.name not in columns:
        name = node.sql() if node.table else node.name
        error = RuleError.unknown_word(name, list(columns), where=where, what="column")
        raise RuleError(f"{error}{_pointed(sql, name)}")
