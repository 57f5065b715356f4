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
FUNCTIONS = {
    "abs": "abs(secs)",
    "case": "case when secs > 0 then 'answered' else 'not' end",
    "cast": "cast(text as bigint)",
    "ceil": "ceil(secs / 60)",
    "coalesce": "coalesce(other, text)",
    "concat": "concat(text, '-', other)",
    "ends_with": "ends_with(text, '#')",
    "floor": "floor(secs / 60)",
    "greatest": "greatest(secs, 0)",
    "least": "least(secs, 3600)",
    "left": "left(text, 3)",
    "length": "length(text)",
    "like": "text like '44%'",
    "lower": "lower(text)",
    "nullif": "nullif(text, 'anonymous')",
    "replace": "replace(text, '+', '')",
    "right": "right(text, 4)",
    "round": "round(secs / 60)",
    "starts_with": "starts_with(text, '00')",
    "strpos": "strpos(text, '@')",
    "substring": "substring(text, 3, 2)",
    "trim": "trim(text)",
    "try_cast": "try_cast(text as bigint)",
    "upper": "upper(text)",
}
"""What an expression may call, each with an example."""
TEXT_FUNCTIONS = {
    "regexp_like": "regexp_like(text, '^0[1-9]')",
    "regexp_replace": "regexp_replace(text, '[^0-9]', '', 'g')",
    "split_part": "split_part(text, '@', 1)",
}
"""What an expression of a mapping may call besides. Patterns are those of Rust's `regex`, none takes forever."""
TEXT_KINDS = (exp.RegexpLike, exp.RegexpReplace, exp.SplitPart)


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
    sql: str,
    columns: Mapping[str, pl.DataType],
    *,
    where: str,
    functions: frozenset[str] = frozenset(),
    of_text: bool = False,
) -> exp.Expression:
    """Parse an expression and make sure that it is pure and names only known columns and functions.

    `functions` are further names that may be called; with `of_text` so may `TEXT_FUNCTIONS`, whose patterns must be
    written out.
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
        elif of_text and isinstance(node, TEXT_KINDS):
            if not isinstance(node.expression, exp.Literal) and not isinstance(node, exp.SplitPart):
                raise RuleError(f"{where}: a pattern is a text in quotation marks, nothing that a row can say")
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

    As Polars reads it: it calls the place of a text `strpos`.

    >>> never_failing(sqlglot.parse_one("cast(called_number as bigint) > 5")).sql()
    'TRY_CAST(called_number AS BIGINT) > 5'
    >>> never_failing(sqlglot.parse_one("cast(cast(x as bigint) as varchar)")).sql()
    'TRY_CAST(TRY_CAST(x AS BIGINT) AS VARCHAR)'
    """

    def tried(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.StrPosition):
            return exp.Anonymous(this="STRPOS", expressions=[node.this, node.args["substr"]])
        return exp.TryCast(**node.args) if type(node) is exp.Cast else node

    made = tree.copy()
    nodes = [node for node in made.walk(bfs=True) if isinstance(node, exp.Expression)]
    for node in reversed(nodes):  # the innermost first: a conversion may stand in another
        new = tried(node)
        if node is made:
            made = new
        elif new is not node:
            node.replace(new)
    return made


def _column(node: exp.Column, columns: Mapping[str, pl.DataType], sql: str, where: str) -> None:
    if node.table or node.name not in columns:
        name = node.sql() if node.table else node.name
        error = RuleError.unknown_word(name, list(columns), where=where, what="column")
        raise RuleError(f"{error}{_pointed(sql, name)}")
