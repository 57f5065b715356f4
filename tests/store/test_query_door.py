"""Questions: what people ask passes and is answered; whatever reaches beyond our tables is refused, in any position."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import ChdbStore
from store.query_door import _is_known, checked, known_functions, own_tables
from tollwatch.errors import StoreError

ASKED = [
    "SELECT detector, count() FROM alert_latest GROUP BY detector",
    "SELECT * EXCEPT stored_at FROM score FINAL ORDER BY ALL",
    "SELECT toStartOfInterval(event_time, INTERVAL 1 HOUR) AS t FROM alert GROUP BY t ORDER BY t WITH FILL LIMIT 5",
    "SELECT uniqExact(subject) FROM alert FINAL",
    "WITH big AS (SELECT alert_id FROM alert WHERE amount_micros > 5) SELECT count() FROM big",
    "WITH 5 AS n SELECT n + 1",
    "SELECT a.alert_id FROM alert AS a LEFT JOIN evidence AS e ON a.alert_id = e.finding_id",
    "SELECT alert_id FROM alert WHERE alert_id IN (SELECT finding_id FROM evidence) LIMIT 1 BY alert_id",
    "SELECT countIf(severity = 'critical'), sumMap(features), features['x'], (1, 2).1 FROM tollwatch.alert GROUP BY 3",
    "SELECT row_number() OVER (PARTITION BY detector ORDER BY event_time) FROM alert",
    "SELECT dateDiff('hour', episode_start, event_time), 'it\\'s -- no comment' FROM alert",
    "SELECT 1 /* why */ UNION ALL SELECT 2 -- yes",
    "EXPLAIN SELECT count() FROM raw_usage",
    "DESCRIBE alert",
    "DESC TABLE alert",
    "SHOW TABLES;",
    "SELECT `subject` FROM `alert` WHERE subject ILIKE '44%' AND amount_micros BETWEEN 1 AND 2",
    "SELECT exists(SELECT 1), if(1 = 1, 'a', 'b'), CAST(1 AS String), 1::String, NOT (1 = 2)",
]
WORDS = ("and", "or", "not", "in", "exists", "values", "like", "ilike", "between", "any", "all")
"""Words of SQL that are functions, too."""
REACHING = [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/proc/self/environ')",
    "SELECT `file`('/etc/passwd')",
    "SELECT \"file\"('/etc/passwd')",
    "SELECT FILE /* x */ ('/etc/passwd')",
    "SELECT * FROM alert WHERE subject IN (SELECT line FROM url('http://localhost:1', 'LineAsString'))",
    "SELECT * FROM (SELECT * FROM s3('http://x/y'))",
    "SELECT * FROM alert JOIN remote('other:9000', system.one) AS r ON 1 = 1",
    "SELECT * FROM executable('x', TSV, 'a String')",
    "SELECT * FROM merge('system', '.*')",
    "SELECT * FROM numbers(10)",
    "SELECT * FROM system.users",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM `system`.`processes`",
    "SELECT 1 IN system.one",
    "SELECT 1 IN alert",
    "SELECT dictGet('d', 'a', 1)",
    "SELECT getSetting('max_threads'), hostName()",
    "SELECT joinGet('t', 'v', 1)",
    "SELECT sleepEachRow(3) FROM raw_usage",
    "SELECT * APPLY(file) FROM alert",
    "SELECT COLUMNS('a') APPLY file FROM alert",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "SELECT 1 FORMAT Native",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1; DROP TABLE alert",
    "INSERT INTO alert SELECT * FROM alert",
    "INSERT INTO FUNCTION file('x') SELECT 1",
    "CREATE TABLE x (a Int8) ENGINE = File(CSV)",
    "ALTER TABLE alert DELETE WHERE 1",
    "SET readonly = 0",
    "SYSTEM SHUTDOWN",
    "ATTACH TABLE x FROM '/tmp' (a Int8) ENGINE = Log",
    "SHOW TABLES FROM system",
    "SHOW CREATE TABLE alert",
    "DESCRIBE file('/etc/passwd')",
    "DESCRIBE system.users",
    "EXPLAIN SELECT * FROM file('/etc/passwd')",
    "EXPLAIN INSERT INTO alert SELECT 1",
    "WITH x AS (SELECT * FROM file('a')) SELECT * FROM x",
    "WITH file AS (SELECT 1) SELECT * FROM file('a')",
    "SELECT {a:String}",
    "SELECT 1 UNION ALL SELECT * FROM url('http://x')",
    "SELECT (SELECT * FROM file('a'))",
    "SELECT arrayMap(x -> file(x), ['a'])",
    "SELECT count() FROM alert GROUP BY file('a')",
    "SELECT 1 ORDER BY file('a')",
    "SELECT 1 LIMIT (SELECT length(file('a')))",
    "KILL QUERY WHERE 1",
    "",
    ";",
    "(" * 100 + "SELECT 1" + ")" * 100,
    "SELECT " + "1+" * 5000 + "1",
    "SELECT '",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ChdbStore:
    """An empty store, for reading."""
    made = ChdbStore(tmp_path_factory.mktemp("door") / "data")
    made.apply_tables()
    made.only_read()
    return made


@pytest.mark.parametrize("sql", ASKED)
def test_what_people_ask_is_answered(store: ChdbStore, sql: str) -> None:
    """By ClickHouse itself, in the words that were asked."""
    store.answer(sql, "JSONEachRow")


@pytest.mark.parametrize("sql", REACHING)
def test_what_reaches_further_is_refused_before_it_is_sent(sql: str) -> None:
    """With a sentence that names the word."""
    with pytest.raises(StoreError, match="query"):
        checked(sql, "tollwatch")


def test_no_function_of_the_list_reads_or_waits(store: ChdbStore) -> None:
    """Every other function that ClickHouse has is refused, whatever a newer one brings, and every table function."""
    assert not {name for name in known_functions() if name.startswith(("dict", "joinget", "file", "get", "rand", "ai"))}
    scalar = store.query("SELECT name FROM system.functions WHERE is_aggregate = 0")["name"].to_list()
    tables = store.query("SELECT name FROM system.table_functions")["name"].to_list()
    others = [name for name in scalar if not _is_known(name.lower()) and name.lower() not in WORDS]
    assert len(others) > 400
    for name in others:
        with pytest.raises(StoreError):
            pytest.fail(checked(f"SELECT `{name}`('a')", "tollwatch"))
    for name in tables:
        with pytest.raises(StoreError):
            pytest.fail(checked(f"SELECT * FROM {name}('a')", "tollwatch"))


def test_what_costs_too_much_is_ended(store: ChdbStore) -> None:
    """The database ends it; the settings cannot be changed any more."""
    with pytest.raises(StoreError, match=r"TOO_MANY_ROWS|Limit for result exceeded|MEMORY"):
        store.answer(
            "SELECT arrayJoin(arrayEnumerate(splitByChar('a', replaceAll(toString(1), '1', 'aaaaaaaaaaaa')))) "
            "AS a, arrayJoin(arrayMap(x -> x, arrayResize([1], 9000000))) AS b",
            "JSONEachRow",
        )
    with pytest.raises(StoreError):
        store.run("SET readonly = 0")


@given(st.sampled_from(REACHING + ASKED), st.integers(0, 200), st.text(" \n'`\"/*-#$\\;()", max_size=4))
def test_what_is_sent_is_what_was_checked(sql: str, at: int, inserted: str) -> None:
    """Odd marks anywhere: what comes out reads the same a second time, and names no table but ours."""
    try:
        sent = checked(sql[:at] + inserted + sql[at:], "tollwatch")
    except StoreError:
        return
    assert "file(" not in sent.lower().replace("`", "").replace(" ", "") or "'" in sent
    assert "outfile" not in sent.lower() or "'" in sent


def test_our_tables_are_known() -> None:
    """Tables and views, of every file."""
    assert {"alert", "alert_latest", "evidence", "raw_usage", "events_usage", "quarantine"} <= own_tables()


def test_nothing_is_written_by_a_question(store: ChdbStore, tmp_path: Path) -> None:
    """Neither by the words nor by the database behind them."""
    with pytest.raises(StoreError):
        store.answer(f"SELECT 1 INTO OUTFILE '{tmp_path}/x'", "CSVWithNames")
    with pytest.raises(StoreError, match=r"READONLY|readonly|Cannot execute"):
        store.run("CREATE TABLE y (a Int8) ENGINE = Memory")
    assert not (tmp_path / "x").exists()
