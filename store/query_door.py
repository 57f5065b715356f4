"""The door for questions in SQL: one SELECT over the product's own tables, and nothing that reaches beyond them.

A question is cut into words, each word is checked, and what is sent is made of the checked words again: no comment, no
odd quotation mark, nothing that the database might read otherwise than it was checked. Functions are those of a list;
tables are our own; everything else is refused with the word.
"""

import re
from functools import cache
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.tokens import Token, TokenType  # type: ignore[attr-defined]

from store.tables import every_table_file
from tollwatch.errors import StoreError

MAX_CHARACTERS = 20_000
MAX_TOKENS = 4_000
MAX_OPEN = 40
LIMITS = {
    "max_execution_time": 60,
    "max_memory_usage": 4_000_000_000,
    "max_result_rows": 5_000_000,
    "max_result_bytes": 2_000_000_000,
    "max_rows_to_read": 20_000_000_000,
    "max_ast_depth": 500,
    "max_subquery_depth": 20,
    "max_expanded_ast_elements": 50_000,
    "result_overflow_mode": "throw",
}
"""What one question may cost: seconds, bytes of memory, rows and bytes of its answer, rows that it reads."""
SHOWN = "SELECT name FROM system.tables WHERE database = '{}' AND name NOT LIKE '.%' ORDER BY name"
FUNCTIONS_FILE = Path(__file__).with_name("query_functions.txt")
_OPEN_WORDS = """
all and anti any array as asc asof between by case cross cube desc distinct else end escape except exists fill
filter final first following from full global group having ilike in inner intersect interval is join last left
like limit not nulls offset on or order outer over partition preceding prewhere qualify range right rollup
rows sample select semi sets then ties to totals union using when where with
"""
_NEVER_WORDS = """
alter apply attach backup call columns copy create detach drop exchange execute format grant insert into kill optimize
outfile rename restore revoke set settings system truncate undrop use watch
"""
_BEFORE_A_BRACKET, _NEVER = frozenset(_OPEN_WORDS.split()), frozenset(_NEVER_WORDS.split())
_COMBINED = re.compile(r"(if|array|map|distinct|ordefault|ornull|resample|state|merge|foreach|argmin|argmax)$")
"""What ClickHouse puts behind the name of an aggregate function."""
_EXPLAIN = re.compile(r"\s*(explain(?:\s+(?:plan|pipeline|syntax|ast|estimate))?)\s+(?=select|with|\()", re.IGNORECASE)
_DESCRIBE = re.compile(r"\s*desc(?:ribe)?\s+(?:table\s+)?`?(\w+)`?\s*;?\s*", re.IGNORECASE)
_SHOW = re.compile(r"\s*show\s+tables\s*;?\s*", re.IGNORECASE)


@cache
def known_functions() -> frozenset[str]:
    """The functions that a question may use, in small letters."""
    return frozenset(FUNCTIONS_FILE.read_text("ascii").lower().split())


@cache
def own_tables() -> frozenset[str]:
    """The tables and views of the product."""
    words = (statement.split() for file in every_table_file() for statement in file.statements)
    return frozenset(each[each.index("EXISTS") + 1].strip("`(") for each in words if "EXISTS" in each[:6])


def checked(sql: str, database: str) -> str:
    """The question as it is sent. Raises StoreError naming the word that cannot stand in it."""
    if _SHOW.fullmatch(sql):
        return SHOWN.format(database)
    if (described := _DESCRIBE.fullmatch(sql)) is not None:
        return _described(described.group(1), database)
    explained = _EXPLAIN.match(sql)
    tokens = _tokens(sql[explained.end() :] if explained else sql)
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        _check_word(token, following)
    question = _written(tokens)
    _check_tables(question, database)
    return f"{' '.join(explained.group(1).split())} {question}" if explained else question


def _tokens(sql: str) -> list[Token]:
    if len(sql) > MAX_CHARACTERS:
        raise StoreError(f"query: has {len(sql)} characters, more than {MAX_CHARACTERS}; ask for less at once")
    try:
        tokens = sqlglot.tokenize(sql, read="clickhouse")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise StoreError(f"query: cannot be read ({' '.join(str(error).split())[:200]})") from error
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    depth = 0
    for token in tokens:
        depth += token.text in ("(", "[")
        depth -= token.text in (")", "]")
        if depth > MAX_OPEN:
            raise StoreError(f"query: is nested more than {MAX_OPEN} deep; write it flatter, for example with WITH")
    if not tokens or len(tokens) > MAX_TOKENS:
        raise StoreError(f"query: has {len(tokens)} words; ask one SELECT of at most {MAX_TOKENS}")
    return tokens


def _check_word(token: Token, following: Token | None) -> None:
    text, kind = token.text, token.token_type
    if kind in (TokenType.SEMICOLON, TokenType.L_BRACE, TokenType.R_BRACE) or "\x00" in text:
        raise StoreError(f"query: `{text}` cannot stand in it; ask one SELECT at a time")
    if kind in (TokenType.STRING, TokenType.NUMBER, TokenType.HEREDOC_STRING, TokenType.RAW_STRING):
        return
    is_call = following is not None and following.token_type == TokenType.L_PAREN
    word = text.lower()
    if is_call and (text[:1].isalpha() or text[:1] == "_" or kind == TokenType.IDENTIFIER):
        is_keyword = kind != TokenType.IDENTIFIER and all(part in _BEFORE_A_BRACKET for part in word.split())
        if not is_keyword and not _is_known(word):
            raise StoreError.unknown_word(text, sorted(known_functions()), where="query", what="function")
        return
    if kind != TokenType.IDENTIFIER and any(part in _NEVER for part in word.split()):
        raise StoreError(
            f"query: `{text}` cannot stand in it: ask SELECT, SHOW TABLES, DESCRIBE or EXPLAIN over the product's own "
            "tables; a column of this name is written in backquotes"
        )


def _is_known(function: str) -> bool:
    """Whether a function is on the list, or an aggregate function of it with combinators."""
    while function not in known_functions():
        shorter = _COMBINED.sub("", function)
        if shorter == function:
            return False
        function = shorter
    return True


def _written(tokens: list[Token]) -> str:
    """The words as text again, each in the one form that everybody reads the same."""
    parts: list[str] = []
    for n, token in enumerate(tokens):
        if n and token.start > tokens[n - 1].end + 1:
            parts.append(" ")
        parts.append(_word(token))
    return "".join(parts)


def _word(token: Token) -> str:
    text = token.text
    if token.token_type in (TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.RAW_STRING):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if token.token_type == TokenType.IDENTIFIER:
        return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"
    if not text.isascii() or not text.isprintable():
        raise StoreError(f"query: `{text!r}` cannot stand in it; put names in backquotes and texts in quotation marks")
    return text


def _check_tables(question: str, database: str) -> None:
    try:
        trees = sqlglot.parse(question, read="clickhouse")
    except (sqlglot.errors.SqlglotError, RecursionError) as error:
        raise StoreError(f"query: cannot be read ({' '.join(str(error).split())[:200]})") from error
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, exp.Query):
        raise StoreError("query: ask one SELECT, SHOW TABLES, DESCRIBE or EXPLAIN of a SELECT")
    named = {each.alias.lower() for each in tree.find_all(exp.CTE)}
    for node in tree.walk():
        if isinstance(node, exp.Table):
            _check_table(node, named, database)
        elif isinstance(node, exp.In) and node.args.get("field") is not None:
            raise StoreError(f"query: `{node.sql('clickhouse')[:80]}`: name in brackets what it may be in")
        elif isinstance(node, (exp.Command, exp.Into, exp.Create, exp.Insert, exp.Placeholder, exp.Parameter)):
            raise StoreError(f"query: `{node.sql('clickhouse')[:80]}` cannot stand in it")


def _check_table(node: exp.Table, named: set[str], database: str) -> None:
    name = node.name
    ours = isinstance(node.this, exp.Identifier) and node.db in ("", database) and not node.catalog
    if ours and (name in own_tables() or (not node.db and name.lower() in named)):
        return
    shown = node.sql("clickhouse")[:60]
    if not isinstance(node.this, exp.Identifier):
        raise StoreError(f"query: `{shown}` is no table; files, addresses and table functions cannot be read")
    raise StoreError.unknown_word(shown, sorted(own_tables()), where="query", what="table")


def _described(name: str, database: str) -> str:
    if name not in own_tables():
        raise StoreError.unknown_word(name, sorted(own_tables()), where="query, describe", what="table")
    return f"DESCRIBE TABLE `{database}`.`{name}`"
