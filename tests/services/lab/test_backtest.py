"""Two sides on the same past: what each would have found, held against verdicts, in numbers and on a page."""

from pathlib import Path

import msgspec
import pytest

from dashboards.report.backtest import backtest_page
from services.lab.backtest import backtest
from services.lab.registry import register
from services.replay import Period
from tests.services.lab.test_lab import DAY0, DAY_MS, DAYS, SETTINGS, asked, run
from tests.services.lab.test_shadow import turned
from tests.streams.test_score import trained
from tollwatch.errors import ConfigurationError

RULE = """
- name: dear-payments
  reads: payments
  by: card_fingerprint
  features:
    dear: count() over 1d where amount_micros >= {micros}
  warning: dear >= 1
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with weeks of scored payments."""
    folder = tmp_path_factory.mktemp("backtest")
    run(folder / "data", folder, 0, DAYS)
    return folder / "data"


def test_two_models(data: Path) -> None:
    """One that calls dear payments fraud finds them, one that calls cheap ones so does not; nothing is stored."""
    good = register(trained(200.0), "payment_risk", data, SETTINGS, by="ann")
    bad = register(turned(trained(200.0)), "payment_risk", data, SETTINGS, by="ann")
    before = asked(data, "SELECT count() AS n FROM alert FINAL")["n"][0]

    period = Period(since_ms=DAY0 + 10 * DAY_MS, until_ms=DAY0 + 22 * DAY_MS, warm_days=4)
    found, alerts = backtest((good, bad), data, SETTINGS, period=period)
    better, worse = found.sides
    assert asked(data, "SELECT count() AS n FROM alert FINAL")["n"][0] == before
    assert better.precision.value == 1.0
    assert (better.recall.value or 0) > 0.8
    assert (worse.recall.value or 0) < 0.3
    assert better.alerts_a_day == pytest.approx(better.alerts / 12, abs=1e-3)
    assert sum(better.amount_micros.values()) > 200_000_000 * better.frauds * 0.9
    assert {row["fraud"] for row in found.only[0]} >= {True}
    assert len(alerts) == better.alerts + worse.alerts
    assert alerts["start"].min() >= period.since_ms  # type: ignore[operator]


def test_rules_and_thresholds_of_files(data: Path, tmp_path: Path) -> None:
    """A stricter rule finds some of what the wider one finds; who found whom alone is told from both sides."""
    files = {}
    for micros in (100_000_000, 300_000_000):
        files[micros] = tmp_path / f"over-{micros}.yaml"
        files[micros].write_text(RULE.format(micros=micros), "utf-8")
    found, _ = backtest([str(files[micros]) for micros in files], data, SETTINGS)
    wide, strict = found.sides
    assert wide.alerts > strict.alerts > 5
    assert found.only[0]
    assert found.only[1] == []
    assert wide.precision.value == strict.precision.value == 1.0
    assert (wide.recall.value or 0) > (strict.recall.value or 0)
    assert found.sides[0].name == "over-100000000.yaml"
    assert found.warnings == []


def test_a_model_that_has_seen_the_past_is_named(data: Path) -> None:
    """Its figures on what it was trained on are no proof."""
    known = DAY0 + 15 * DAY_MS
    card = msgspec.structs.replace(trained(150.0).card, labels_known_until_ms=known)
    name = register(msgspec.structs.replace(trained(150.0), card=card), "payment_risk", data, SETTINGS, by="ann")
    found, _ = backtest((name, "payment_risk"), data, SETTINGS, period=Period(since_ms=known - DAY_MS))
    assert [name in each and "flattered" in each for each in found.warnings] == [True]
    found, _ = backtest((name, "payment_risk"), data, SETTINGS, period=Period(since_ms=known))
    assert found.warnings == []


def test_the_page_says_it_all_and_runs_nothing(data: Path, tmp_path: Path) -> None:
    """Both sides, intervals, subjects; a subject is text, whatever it is called."""
    file = tmp_path / "one.yaml"
    file.write_text(RULE.format(micros=100_000_000), "utf-8")
    found, _ = backtest((str(file), "payment_risk"), data, SETTINGS)
    row = {
        "subject_kind": "msisdn",
        "subject": "<script>x</script>",
        "time": DAY0,
        "fraud": None,
        "amount_micros": None,
    }
    page = backtest_page(msgspec.structs.replace(found, only=([row], [])))
    assert "one.yaml" in page
    assert page.count("<polyline") == 2
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert f"{found.sides[0].alerts:,}" in page


@pytest.mark.parametrize(
    ("sides", "why"),
    [
        (("wangri", "wangiri"), "did you mean `wangiri`"),
        (("wangiri.warn_at", "wangiri"), "wangiri"),
        (("wangiri.warm_at=3", "wangiri"), "did you mean `warn_at`"),
        (("0000000000000000", "wangiri"), "models list"),
        (("wangiri",), "two sides"),
    ],
)
def test_a_side_that_nobody_has_is_a_sentence(sides: tuple[str, ...], why: str, data: Path) -> None:
    """Before anything is run."""
    with pytest.raises(ConfigurationError, match=why):
        backtest(sides, data, SETTINGS)
