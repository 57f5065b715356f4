"""Alert rules: what Grafana provisions is the code's, and each fires when it should, and not a moment before."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.models.alerting import Rule

from dashboards.grafana.alerting import FILE, RULES, AlertRule, as_yaml
from dashboards.grafana.boards import every_board
from dashboards.grafana.boards.panel import ClickHouse, Prometheus
from store import ChdbStore
from streams.live.metrics import Metrics
from tests.dashboards.grafana.expanded import expanded

BY_ID = {rule.uid: rule for rule in RULES}


def now() -> datetime:
    """The time, as the rules ask for it: not that of the beginning of a long suite."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbStore]:
    """A store with two feeds that are well, and nothing else."""
    opened = ChdbStore(tmp_path_factory.mktemp("alerting") / "data")
    opened.apply_tables()
    for minute in range(0, 7 * 24 * 60, 10):
        at = now() - timedelta(minutes=minute)
        _feed(opened, "usage", "gateway", at)
    _feed(opened, "payments", "shop", now() - timedelta(minutes=5), lag_ms=2_000)
    yield opened
    opened.close()


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _feed(store: ChdbStore, stream: str, source: str, at: datetime, *, lag_ms: int = 1_000) -> None:
    store.run(
        "INSERT INTO feed_health (tenant, run, stream, source, minute, events, late, quarantined, duplicates, "
        "watermark, lag_ms) "
        f"VALUES ('main', 'live', '{stream}', '{source}', '{_text(at)}', 5, 0, 0, 0, '{_text(at)}', {lag_ms})"
    )


def firing(store: ChdbStore, rule: AlertRule) -> list[dict[str, object]]:
    """The rows of a rule that are above its threshold."""
    rows = store.query(rule.query)
    number = rows.columns[-1]
    return [row for row in rows.iter_rows(named=True) if row[number] is not None and row[number] > rule.above]


def test_the_file_is_the_code() -> None:
    """`make docs` writes it anew."""
    assert FILE.read_text("utf-8") == as_yaml()


def test_every_rule_is_one_for_grafana() -> None:
    """Its schema knows every key; the condition is one of its queries; it names a board and says what to do."""
    boards = {board.uid for board in every_board().values()}
    (group,) = yaml.safe_load(FILE.read_text("utf-8"))["groups"]
    assert len({rule["uid"] for rule in group["rules"]}) == len(RULES)
    known = {re.sub(r"_(?=val$)", "", name).removesuffix("val") for name in vars(Rule())} | {
        "noDataState",
        "execErrState",
    }
    for rule in group["rules"]:
        assert rule["condition"] in {query["refId"] for query in rule["data"]}
        assert rule["annotations"]["__dashboardUid__"] in boards
        assert rule["annotations"]["description"].endswith((".", "?"))
        assert {"uid", "title", "condition", "data", "for"} <= rule.keys()
        assert rule.keys() <= known | {"annotations", "labels"}


def test_nothing_fires_while_all_is_well(store: ChdbStore) -> None:
    """Feeds that come, no record refused, no alert: silence."""
    assert {rule.uid: firing(store, rule) for rule in RULES if rule.source == ClickHouse and firing(store, rule)} == {}


def test_a_feed_that_stops_fires_after_twice_its_longest_pause(store: ChdbStore) -> None:
    """One that sends every two hours may be silent for three, one that sends every ten minutes may not."""
    for hours in range(3, 48, 2):
        _feed(store, "usage", "tap:AAAXX", now() - timedelta(hours=hours))
    for minute in range(40, 400, 10):
        _feed(store, "usage", "msc", now() - timedelta(minutes=minute))
    assert [row["source"] for row in firing(store, BY_ID["tollwatch-feed-silent"])] == ["msc"]


def test_a_feed_that_is_late_fires(store: ChdbStore) -> None:
    """Sixteen minutes; the look-alike is a lag of an hour that was seen yesterday."""
    _feed(store, "usage", "slow", now(), lag_ms=16 * 60_000)
    assert [row["source"] for row in firing(store, BY_ID["tollwatch-feed-late"])] == ["slow"]


def test_a_jump_of_what_cannot_be_read_fires(store: ChdbStore) -> None:
    """Forty records in a quarter of an hour where there were none; twenty a quarter all day long are known."""
    for stream, ages in (("orders", [1] * 41), ("payments", [15 * n + 1 for n in range(96)] * 20)):
        rows = ", ".join(
            f"('main', 'live', '{stream}', 'f', {n}, 'broken', 'x', '{_text(now() - timedelta(minutes=age))}')"
            for n, age in enumerate(ages)
        )
        names = "tenant, run, stream, partition, position, reason, raw, stored_at"
        store.run(f"INSERT INTO quarantine ({names}) VALUES {rows}")
    assert [row["stream"] for row in firing(store, BY_ID["tollwatch-quarantine"])] == ["orders"]


def test_a_critical_alert_that_nobody_sees_fires_after_a_quarter_of_an_hour(store: ChdbStore) -> None:
    """Not one that is new, not a warning, not one with a verdict."""
    names = "tenant, run, alert_id, revision, state, detector, severity, subject, episode_start, event_time, stored_at"
    for id_, severity, age in (("a" * 16, "critical", 5), ("b" * 16, "warning", 60), ("c" * 16, "critical", 60)):
        at = _text(now() - timedelta(minutes=age))
        row = f"'main', 'live', '{id_}', 1, 'closed', 'wangiri', '{severity}', '1', '{at}', '{at}', '{at}'"
        store.run(f"INSERT INTO alert ({names}) VALUES ({row})")
    unseen = BY_ID["tollwatch-critical-unseen"]
    assert firing(store, unseen) == [{"alerts": 1}]
    said = f"'v', {int(now().timestamp() * 1000)}, 'console', 'main', 'false_alarm', '{'c' * 16}', 'p', 0"
    store.run(
        "INSERT INTO raw_verdicts (event_id, event_time, source, tenant, verdict, refers_to, _partition, _offset) "
        f"VALUES ({said})"
    )
    assert firing(store, unseen) == []


def test_a_control_that_does_not_run_fires(store: ChdbStore) -> None:
    """One that ran a day ago does not: what runs once a day is not silent."""
    for control, days in (("negative_margin", 1), ("billed_not_provisioned", 4)):
        at = _text(now() - timedelta(days=days))
        row = f"'main', 'live', '{control}', 1, '{at}', '', 0, 0, 'final', '{at}'"
        names = "tenant, run, control, control_version, event_time, inputs, breaks, amount_micros, state, stored_at"
        store.run(f"INSERT INTO control_run ({names}) VALUES ({row})")
    assert [row["control"] for row in firing(store, BY_ID["tollwatch-control-silent"])] == ["billed_not_provisioned"]


def test_a_partition_that_has_had_nothing_has_no_watermark(store: ChdbStore) -> None:
    """Its mark is the least number there is, which no clock can show; the others say how far the key space is."""
    names = "tenant, run, key_space, frame_partition, sequence, partition, begin, end, watermark"
    for partition, watermark in (("usage-0", 1_772_000_000_000), ("care-0", -(2**63) + 1)):
        row = f"'main', 'live', 'calling_number', 0, 1, '{partition}', 0, 1, {watermark}"
        store.run(f"INSERT INTO frame_mark ({names}) VALUES ({row})")
    (panel,) = [each for each in every_board()["feeds"].panels() if each.title == "How far each key space is"]
    (row,) = store.query(expanded(panel.sql, {"tenant": ["main"]})).iter_rows(named=True)
    assert (row["held_by"], row["watermark"].year, row["partitions"]) == ("usage-0", 2026, 1)


def test_expressions_of_prometheus_ask_for_metrics_that_there_are() -> None:
    """On the workers' board and in rules."""
    families = {metric.name for metric in Metrics().registry.collect()}
    asked = [panel.sql for board in every_board().values() for panel in board.panels() if panel.source == Prometheus]
    asked += [rule.query for rule in RULES if rule.source == Prometheus]
    names = {name.removesuffix("_total") for text in asked for name in re.findall(r"tollwatch_\w+", text)}
    assert names
    assert names <= families


def test_what_is_provisioned_can_be_read() -> None:
    """Data sources have the ids that boards ask for; the one of the store is a user that only reads."""
    folder = FILE.parent.parent / "datasources"
    sources = [
        each for path in folder.glob("*.yaml") for each in yaml.safe_load(path.read_text("utf-8"))["datasources"]
    ]
    assert {each["uid"] for each in sources} == {"tollwatch", "prometheus"}
    (clickhouse,) = [each for each in sources if each["uid"] == "tollwatch"]
    compose = yaml.safe_load((Path(__file__).parents[3] / "compose.yaml").read_text("utf-8"))
    assert f"tables reader {clickhouse['jsonData']['username']}" in compose["services"]["setup"]["command"]
