"""The leakage report: what occurred in a period, with sums that add up, masked, down to the rows that prove it."""

from pathlib import Path

import pytest

from services.audit import list_audit
from services.leakage_report import leakage_report, period_of
from store import ChdbStore
from tests.dashboards.console.test_leakage import LOSS, found
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

SETTINGS = Settings(installation_key="00112233445566778899aabbccddeeff")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four leakages of January 2026, and one of another tenant."""
    store = ChdbStore(tmp_path / "data")
    store.apply_tables()
    store.write(found())
    store.close()
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("text", "days"), [("2026", 365), ("2024-02", 29), ("2026-12", 31), ("2026-10-31", 1), ("2026-12-31", 1)]
)
def test_a_period_is_a_year_a_month_or_a_day(text: str, days: int) -> None:
    """Over the end of the year, too."""
    period = period_of(text)
    assert period.until_ms - period.since_ms == days * 86_400_000


@pytest.mark.parametrize("text", ["", "soon", "2026-13", "2026-1-1-1", "26"])
def test_what_is_no_period_is_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(ConfigurationError, match="2026-10"):
        period_of(text)


def test_every_grouping_adds_up_to_the_key_figures(data: Path) -> None:
    """By control, account, age and day: the sums are the same, and a cent that two claim is in them once."""
    report = leakage_report(period_of("2026-01"), data, SETTINGS)
    assert len(report.findings) == 4
    for column in ("name", "account_id", "age", "day"):
        sums = dict.fromkeys(("loss", "overcharge"), 0)
        for row in report.by(column).iter_rows(named=True):
            sums[row["side"]] += row["net_micros"]
        assert sums == {"loss": 41_500_000, "overcharge": 9_000_000}
    assert (report.kpis.loss.found, report.kpis.overcharge.found) == (41_500_000, 9_000_000)
    assert report.findings["claimed_micros"].sum() == 55_500_000
    assert [side for side, _, _ in report.proof[LOSS]] == ["network", "orders"]


def test_a_period_without_findings_is_empty(data: Path) -> None:
    """What occurred in another month is not in it."""
    report = leakage_report(period_of("2026-02"), data, SETTINGS)
    assert len(report.findings) == 0
    assert report.kpis.loss.found == 0
    assert report.by("name").is_empty()


def test_identifiers_are_masked_unless_asked_for_which_is_audited(data: Path) -> None:
    """In columns, in the sentence that says what to do, in the rows that prove it."""
    masked = leakage_report(period_of("2026-01"), data, SETTINGS)
    told = str(masked.findings.to_dicts()) + str(masked.proof)
    assert "A0000021" not in told
    assert "Bill account A000…21." in told
    whole = leakage_report(period_of("2026-01"), data, SETTINGS, identifiers=True)
    assert "A0000021" in str(whole.findings.to_dicts()) + str(whole.proof)
    assert b"report 2026-01" in b"".join(list_audit(data, SETTINGS))


def test_what_was_written_is_read_and_not_booked_again(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second report reads the positions of the first; news are booked first."""
    first = leakage_report(period_of("2026-01"), data, SETTINGS)
    monkeypatch.setattr("services.ledger.books.ledger_of", None)
    second = leakage_report(period_of("2026-01"), data, SETTINGS)
    assert second.findings.equals(first.findings)
    monkeypatch.undo()
    store = ChdbStore(data)
    other = found().leakages[0]
    store.write(
        type(found())(
            leakages=[
                type(other)(
                    **{f: getattr(other, f) for f in other.__struct_fields__}
                    | {"revision": 2, "amount_micros": 30_000_000}
                )
            ]
        )
    )
    store.close()
    assert leakage_report(period_of("2026-01"), data, SETTINGS).kpis.loss.found == 37_000_000
