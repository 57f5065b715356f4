"""Expressions of a mapping over the columns of a file: typed before a row is read, each row judged by itself."""

from collections.abc import Iterator
from collections.abc import Mapping as Names

import polars as pl
from sqlglot import exp

from tollwatch.errors import RuleError
from tollwatch.expressions import check, never_failing
from tollwatch.rescue import UNFORESEEN

CONDITIONAL = (exp.Case, exp.If)


class Computed:
    """One expression. Raises RuleError where it can never be worked out, with the word and the remedy."""

    def __init__(self, sql: str, columns: Names[str, pl.DataType], *, where: str) -> None:
        self.sql = sql
        self.tree = check(sql, columns, where=where, of_text=True)
        self.kind = self._typed(columns, where)
        self.expr = pl.sql_expr(never_failing(self.tree).sql())
        self.casts = [
            (self._inner(node), node.find_ancestor(*CONDITIONAL) is not None)
            for node in self.tree.walk()
            if type(node) is exp.Cast
        ]

    @staticmethod
    def _inner(cast: exp.Expression) -> tuple[pl.Expr, pl.Expr, str]:
        given = pl.sql_expr(never_failing(cast.this).sql())
        made = pl.sql_expr(never_failing(cast).sql())
        return given, made, cast.args["to"].sql()

    def _typed(self, columns: Names[str, pl.DataType], where: str) -> pl.DataType:
        empty = pl.DataFrame(schema=dict(columns))
        kind = _kind(empty, self.tree)
        if not isinstance(kind, str):
            return kind
        failing = (node for node in _from_below(self.tree) if isinstance(_kind(empty, node), str))
        smallest = next(failing, self.tree)
        why = _kind(empty, smallest)
        texts = [c.name for c in smallest.find_all(exp.Column) if columns[c.name] == pl.String()]
        numbers = [c.name for c in smallest.find_all(exp.Column) if columns[c.name].is_numeric()]
        remedy = "write it so that both sides are of one kind"
        if texts and not isinstance(smallest, exp.Func | exp.Like):
            remedy = f"`{texts[0]}` is text: say what it is, for example columns: {{{texts[0]}: integer}}"
        elif numbers:
            remedy = f"`{numbers[0]}` is a number: write CAST({numbers[0]} AS VARCHAR) where text is wanted"
        elif texts:
            remedy = f"`{texts[0]}` is text: for numbers say columns: {{{texts[0]}: integer}}"
        at = self.sql.lower().find(smallest.sql().lower())
        point = f"\n  {self.sql}\n  {' ' * at}{'^' * len(smallest.sql())}" if at >= 0 else f"\n  {self.sql}"
        raise RuleError(f"{where}: `{smallest.sql()}` can never be worked out ({why}); {remedy}{point}")

    def values(self, table: pl.DataFrame) -> tuple[pl.Series, dict[int, str]]:
        """Its values, and why a row has none: a conversion that fails, unless a CASE took another way."""
        made = table.select(v=self.expr)["v"]
        made = made.new_from_index(0, len(table)) if len(made) != len(table) else made
        reasons: dict[int, str] = {}
        for (given, cast, kind), conditional in self.casts:
            both = table.select(g=given, c=cast)
            failed = both["g"].is_not_null() & both["c"].is_null()
            if len(failed) != len(table):
                failed = failed.new_from_index(0, len(table))
            if conditional:
                failed &= made.is_null()
            for at in failed.arg_true().to_list():
                shown = both["g"][at if len(both) == len(table) else 0]
                reasons.setdefault(at, f"`{str(shown)[:80]}` cannot be read as {kind}")
        return made, reasons


def _kind(table: pl.DataFrame, node: exp.Expression) -> pl.DataType | str:
    """The type of an expression over a table without rows; what is wrong, where it has none."""
    try:
        return table.select(v=pl.sql_expr(never_failing(node).sql())).dtypes[0]
    except UNFORESEEN as error:
        return " ".join(str(error).split("\n")[0].split())[:120]


def _from_below(tree: exp.Expression) -> Iterator[exp.Expression]:
    """What can stand alone among the parts of an expression, the innermost first."""
    for child in tree.iter_expressions():
        yield from _from_below(child)
    if not isinstance(tree, exp.DataType | exp.Identifier | exp.If | exp.Tuple):
        yield tree
