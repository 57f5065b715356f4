"""The views that boards and console share: the last verdict of an alert however it was said, rates in force."""

from collections.abc import Iterator

import pytest

from dashboards.grafana.boards.sql import converted
from store import ChdbStore

DAY_MS = 86_400_000
START = 1_772_000_000_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbStore]:
    """Five alerts: three are judged, each in another way; amounts in three currencies."""
    opened = ChdbStore(tmp_path_factory.mktemp("verdicts") / "data")
    opened.apply_tables()
    for n, (id_, subject, amount, currency) in enumerate(
        (
            ("a", "x1", 10, "EUR"),
            ("b", "x2", 20, "USD"),
            ("c", "x3", 30, "USD"),
            ("d", "x3", None, None),
            ("e", "x5", 40, "GBP"),
        )
    ):
        at = f"fromUnixTimestamp64Milli({START + n * DAY_MS})"
        money = "NULL, NULL" if amount is None else f"{amount * 1_000_000}, '{currency}'"
        for revision in (1, 2):
            opened.run(
                "INSERT INTO alert (tenant, run, alert_id, revision, state, detector, severity, subject_kind, subject, "
                f"episode_start, event_time, amount_micros, currency) SELECT 'main', 'live', '{id_ * 16}', {revision}, "
                f"'open', 'wangiri', 'warning', 'calling_number', '{subject}', {at}, {at}, {money}"
            )
    opened.run(
        "INSERT INTO evidence (tenant, run, finding_id, revision, side, ordinal, stream, event_id, event_time, row) "
        f"SELECT 'main', 'live', '{'b' * 16}', 1, '', 0, 'usage', 'call-7', now(), '{{}}'"
    )
    said = (
        ("false_alarm", 5 * DAY_MS, "a" * 16, None),
        ("fraud", 6 * DAY_MS, "a" * 16, None),
        ("fraud", 6 * DAY_MS, "call-7", None),
        ("fraud", int(2.5 * DAY_MS), None, "x3"),
    )
    for n, (verdict, after, refers_to, subject) in enumerate(said):
        refers = f"'{refers_to}'" if refers_to else "NULL"
        who = f"'calling_number', '{subject}'" if subject else "NULL, NULL"
        opened.run(
            "INSERT INTO raw_verdicts (event_id, event_time, source, tenant, verdict, refers_to, subject_kind, subject, "
            f"_partition, _offset) VALUES ('v{n}', {START + after}, 'console', 'main', '{verdict}', {refers}, {who}, 'v', {n})"
        )
    for n, (currency, after, rate) in enumerate((("USD", 0, 900_000), ("USD", int(1.5 * DAY_MS), 500_000))):
        opened.run(
            "INSERT INTO raw_reference (event_id, event_time, source, tenant, entity, id, rate_micros, _partition, _offset) "
            f"VALUES ('r{n}', {START + after}, 'crm', 'main', 'exchange_rate', '{currency}', {rate}, 'r', {n})"
        )
    yield opened
    opened.close()


def test_a_verdict_speaks_by_alert_event_or_subject(store: ChdbStore) -> None:
    """The latest counts; of a subject only alerts that had begun when it was said."""
    rows = store.query("SELECT alert_id, verdict FROM alert_verdict ORDER BY alert_id").rows()
    assert rows == [("a" * 16, "fraud"), ("b" * 16, "fraud"), ("c" * 16, "fraud")]


def test_what_is_not_judged_is_the_rest(store: ChdbStore) -> None:
    """The queue and the verdicts are two halves: no alert is in both or in none."""
    waiting = store.query("SELECT toString(alert_id) AS id FROM alert_unjudged ORDER BY id")["id"].to_list()
    assert waiting == ["d" * 16, "e" * 16]


def test_the_last_revision_is_the_alert(store: ChdbStore) -> None:
    """Each once, as it stands."""
    rows = store.query("SELECT count() AS n, min(revision) AS least FROM alert_latest").rows()
    assert rows == [(5, 2)]


def test_amounts_are_converted_by_the_rate_in_force(store: ChdbStore) -> None:
    """20 USD at 0.9, 30 USD at 0.5; without an amount or a rate it stays unknown, and is not nothing."""
    sql = f"SELECT alert_id, toInt64(money_micros) AS micros FROM {converted('alert_latest')} ORDER BY alert_id"
    rows = store.query(sql.replace("${currency:singlequote}", "'EUR'")).rows()
    assert [(id_[0], micros) for id_, micros in rows] == [
        ("a", 10_000_000),
        ("b", 18_000_000),
        ("c", 15_000_000),
        ("d", None),
        ("e", None),
    ]
