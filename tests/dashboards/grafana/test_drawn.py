"""What Grafana's components draw of the boards is what the findings say, and nothing healthy where there is nothing.

Panels are drawn in Chromium by `drawing`; what they must show is computed here from the findings' own documents. The
pictures are kept in `build/boards`.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from dashboards.grafana.boards import every_board
from dashboards.grafana.boards.grafana_json import as_json
from store import ChdbStore
from tests.dashboards.grafana.drawing import chromium, draw, frames
from tests.dashboards.grafana.expanded import SPAN, asks_clickhouse, chosen, expanded, shown
from tollwatch.findings import Leakage
from tollwatch.frames import Findings as Found

PICTURES = Path(__file__).parents[3] / "build" / "boards"
MISSING = " and ".join(name for name, found in (("Chromium", chromium()), ("npm", shutil.which("npm"))) if not found)
if MISSING and os.environ.get("CI") != "true":
    pytest.skip(f"!!! {MISSING} not installed: what Grafana draws is not tested !!!", allow_module_level=True)
LATER = datetime(2031, 1, 1, tzinfo=UTC), datetime(2031, 1, 8, tzinfo=UTC)
Drawn = dict[str, dict[str, list[str]]]


class Findings(NamedTuple):
    """The last revision of every alert and leakage, and the leakages as they were before they were withdrawn."""

    alerts: list[dict[str, Any]]
    leakages: list[dict[str, Any]]
    before: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def store(operator: Path) -> Iterator[ChdbStore]:
    """What the operator's run has stored, and one leakage that was explained later."""
    opened = ChdbStore(operator)
    if opened.query("SELECT count() AS n FROM leakage FINAL WHERE state = 'withdrawn'").item() == 0:
        text = opened.query("SELECT document FROM leakage FINAL WHERE amount_micros > 0 ORDER BY leakage_id LIMIT 1")
        one = msgspec.json.decode(text.item(), type=Leakage)
        gone = msgspec.structs.replace(one, revision=one.revision + 1, state="withdrawn", amount_micros=0)
        opened.write(Found(leakages=[gone]))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def found(store: ChdbStore) -> Findings:
    """The findings, read from their documents."""

    def last(kind: str) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
        documents = store.query(f"SELECT document FROM {kind} FINAL WHERE run = 'live' ORDER BY revision")["document"]
        newest: dict[str, dict[str, Any]] = {}
        before: dict[str, dict[str, Any]] = {}
        for text in documents.to_list():
            finding = json.loads(text)
            if finding["state"] != "withdrawn":
                before[finding[f"{kind}_id"]] = finding
            newest[finding[f"{kind}_id"]] = finding
        return list(newest.values()), before

    alerts, _ = last("alert")
    leakages, before = last("leakage")
    return Findings([each for each in alerts if each["state"] != "suppressed"], leakages, before)


def drawn(store: ChdbStore, name: str, span: tuple[datetime, datetime] = SPAN, **given: str) -> dict[str, list[str]]:
    """What is shown of a board, by the titles of its panels; its picture is kept."""
    board = every_board()[name]
    values = chosen(board, store, **given)
    plain = json.loads(shown(as_json(board), values))
    panels = [panel for panel in plain["panels"] if panel["type"] != "row"]
    rows = {
        panel["id"]: frames(own.kind, store.query(expanded(own.sql, values, span=span))) if asks_clickhouse(own) else []
        for panel, own in zip(panels, board.panels(), strict=True)
    }
    PICTURES.mkdir(parents=True, exist_ok=True)
    where = PICTURES / f"{name}{'' if span == SPAN else '-empty'}.png"
    texts = draw(plain, rows, span, where)
    assert texts.keys() == {panel["title"] for panel in panels}
    return {title: pieces[1:] for title, pieces in texts.items()}


def amount(micros: int) -> str:
    """As a panel shows it."""
    rounded = (Decimal(micros) / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{rounded:,}".rstrip("0").rstrip(".")


def sum_of(findings: list[dict[str, Any]]) -> int:
    """Their amounts together."""
    return sum(each["amount_micros"] or 0 for each in findings)


def test_fraud_operations(store: ChdbStore, found: Findings) -> None:
    """The queue is what nobody has judged, open or closed, with the severity that it reached."""
    texts = drawn(store, "fraud-operations")

    assert texts["Without a verdict"] == [f"{len(found.alerts)}"]
    assert texts["Critical"] == [str(sum(each["severity"] == "critical" for each in found.alerts))]
    assert texts["Money at risk (EUR)"] == [amount(sum_of(found.alerts))]
    assert texts["Amount unknown"] == [str(sum(each["amount_micros"] is None for each in found.alerts))]
    counts = Counter(each["detector"] for each in found.alerts)
    bars = texts["Alerts by detector"]
    assert dict(zip(bars[::2], bars[1::2], strict=True)) == {name: str(number) for name, number in counts.items()}
    legend = texts["Alerts, by detector"]
    assert {name for name in counts if name in legend} == counts.keys(), "series are named as people say"
    assert texts["Seconds from event to alert"] == ["no alert of a live line in this range"]


def test_the_queue_shows_identifiers_as_they_are(store: ChdbStore, found: Findings) -> None:
    """No number of a subscriber is rounded, and what is unknown is a dash that does not rank last."""
    queue = drawn(store, "fraud-operations")["Queue"]
    subjects = {each["subject"] for each in found.alerts}
    assert sum(text in subjects for text in queue) >= 8
    rows = [each for each in found.alerts if each["subject"] in queue]
    assert "–" in queue or all(each.get("account_id") and each.get("amount_micros") is not None for each in rows)
    assert not any(word in text for text in queue for word in (" Bil", " Mil", " Tri"))
    assert queue.index("critical") < queue.index("warning") if "warning" in queue else True


def test_a_fraud_type(store: ChdbStore, found: Findings) -> None:
    """Numbers are those of the episodes' peaks, an episode is as long as its claim."""
    mine = [each for each in found.alerts if each["detector"] == "wangiri"]
    texts = drawn(store, "fraud-type", fraud_type="wangiri")

    assert texts["Alerts"] == [str(len(mine))]
    assert texts["Precision"] == ["no verdicts"]
    peaks = [each["features"]["victims"] for each in mine]
    row = texts["Features at the peak"]
    at = row.index("victims")
    assert row[at + 3] == f"{max(peaks):.2f}"
    claims = [each["claim"] for each in mine]
    assert all(claim["until"] < each["event_time"] for claim, each in zip(claims, mine, strict=True)), (
        "quiet is no claim"
    )
    middle = statistics.median((claim["until"] - claim["since"]) / 60_000 for claim in claims)
    assert texts["An episode lasts"] == [f"{middle:.1f}", "mins"]


def test_leakage(store: ChdbStore, found: Findings) -> None:
    """Loss, overcharge and net apart; what was withdrawn has the amount of the revision before."""
    stands = [each for each in found.leakages if each["state"] != "withdrawn"]
    withdrawn = [found.before[each["leakage_id"]] for each in found.leakages if each["state"] == "withdrawn"]
    texts = drawn(store, "leakage")

    loss = sum(max(each["amount_micros"], 0) for each in stands)
    overcharge = sum(max(-each["amount_micros"], 0) for each in stands)
    assert texts["Loss (EUR)"] == [amount(loss)]
    assert texts["Overcharge (EUR)"] == [amount(overcharge)]
    assert texts["Net (EUR)"] == [amount(loss - overcharge)]
    assert texts["Withdrawn (EUR)"] == [amount(sum(abs(each["amount_micros"]) for each in withdrawn))]
    assert withdrawn, "the week has a leakage that was explained later"
    ledger = store.query("SELECT toString(sum(net_micros)) AS net FROM ledger_position FINAL WHERE side = 'loss'")
    assert texts["Found"] == [amount(int(ledger["net"][0]))], "leakages and alerts, each cent once"
    assert {texts[title][0] for title in ("Confirmed", "Prevented", "Recovered", "Written off")} == {"0"}


def test_feeds(store: ChdbStore) -> None:
    """Sources that only fail stand first; what waits in quarantine is counted whenever it was refused."""
    texts = drawn(store, "feeds")
    waiting = store.query("SELECT count() AS n FROM quarantine FINAL WHERE replayed = 0")["n"][0]

    assert texts["Records in quarantine"] == [str(waiting)]
    assert texts["Sources"][texts["Sources"].index("unknown") - 1] in ("orders", "payments", "usage")
    assert "100.00%" in texts["Sources"]
    assert "usage" in texts["Events a second, by stream"]


def test_models(store: ChdbStore) -> None:
    """Versions, the threshold of the alerts beside the scores, means of what the model sees."""
    texts = drawn(store, "models")
    by_model = "SELECT model, model_version AS v, count() AS n FROM score FINAL WHERE run = 'live' GROUP BY ALL"
    scored = {f"{model} v{version}": str(n) for model, version, n in store.query(by_model).iter_rows()}

    shown = texts["Events scored"][-2 * len(scored) :]
    assert dict(zip(shown[::2], shown[1::2], strict=True)) == scored
    assert {"payment_risk v2", "unknown_anomaly v1"} <= set(scored)
    assert "threshold" in texts["Scores"]
    assert "amount" in texts["Features against what came before"]
    looked_at = store.query("SELECT detector FROM model_health FINAL")["detector"].to_list()
    assert {"payment_risk", "unknown_anomaly"} <= set(looked_at)
    assert set(looked_at) <= set(texts["Drift"])
    assert "payment_risk" in texts["Calibration error"]
    assert "unknown_anomaly" not in texts["Calibration error"], "its scores are no chances"


def test_the_timeline_of_a_subject(store: ChdbStore, found: Findings) -> None:
    """Its alerts and the events that they rest on."""
    alert = next(each for each in found.alerts if each["detector"] == "wangiri")
    texts = drawn(store, "timeline", subject=alert["subject"])

    assert alert["alert_id"] in texts["Findings and verdicts"]
    assert "usage" in texts["Evidence"]


def test_the_workers_board_says_that_nothing_is_scraped(store: ChdbStore) -> None:
    """Without Prometheus no panel says that all is well."""
    texts = drawn(store, "workers")
    assert {" ".join(pieces) for pieces in texts.values()} == {"no worker is scraped"}


@pytest.mark.parametrize("name", ["fraud-operations", "leakage", "feeds", "models", "fraud-type"])
def test_an_empty_range_is_no_healthy_zero(store: ChdbStore, name: str) -> None:
    """It says where the data ends; numbers of the range are not there, those of the queue are."""
    texts = drawn(store, name, LATER)
    assert texts["Data"][0].startswith("No events in this range; the data ends on 20")
    waiting = (
        "Without a verdict",
        "Critical",
        "Oldest waits for",
        "Money at risk",
        "Amount unknown",
        "Accounts concerned",
    )
    queue = ("Queue", "Accounts with several alerts", "Records in quarantine", "Reasons", "How far each key space is")
    own = waiting + queue if name in ("fraud-operations", "feeds") else ()
    for title, pieces in texts.items():
        if title != "Data" and not title.startswith(own):
            assert not any(piece[0].isdigit() for piece in pieces), (title, pieces)


def test_a_store_without_anything_says_what_to_do(tmp_path: Path) -> None:
    """A new installation's first look."""
    code = (
        "import sys; from pathlib import Path; from store import ChdbStore\n"
        "from tests.dashboards.grafana.test_drawn import drawn\n"
        "s = ChdbStore(Path(sys.argv[1])); s.apply_tables(); t = drawn(s, 'fraud-operations')\n"
        "print(t['Data'], t['Without a verdict'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "data")], capture_output=True, text=True, check=False
    )
    assert "Nothing is stored yet: run files with tollwatch run, or start a worker" in done.stdout, done.stderr[-800:]
