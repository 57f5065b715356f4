"""A catalogue as it is written, and what is wrong with it, by row."""

from pathlib import Path

import polars as pl
import pytest

from bss.catalog.checks import problems
from bss.catalog.published import load
from tests.bss.plans import catalogue
from tollwatch.columns import schema
from tollwatch.errors import ConfigurationError, InputError

NOW = 1_775_000_000_000
FINE = "tariff,service,prefix,rate,valid_from,valid_to\nretail,voice,44,0.10,2026-01-01,"


def found(reference: pl.DataFrame) -> list[tuple[str, str]]:
    """What is wrong: id and problem."""
    return problems(reference, NOW).select("id", "problem").rows()


def test_a_whole_catalogue_becomes_rows_of_reference(tmp_path: Path) -> None:
    """Every version of every thing, in columns that the stream has; and nothing is wrong with it."""
    offerings = (
        "  - {id: m, fee: 24.99, tariff: retail, in_advance: true, one_off: {activation: 10}, commitment: 5,\n"
        "     allowances: [{id: talk, service: voice, units: 18000, destinations: [national, mobile]}]}\n"
    )
    rest = (
        "taxes:\n  - {id: vat, percent: 23}\npromotions:\n"
        "  - {id: spring, offering: m, percent: 20, months: 3, valid_to: 2026-06-01}\nholidays: [2026-12-25]\n"
    )
    rows = catalogue(tmp_path, FINE, offerings=offerings, rest=rest, zone="Europe/Lisbon")
    assert set(rows.columns) <= {*schema("reference")}
    assert sorted(rows["entity"]) == [
        "allowance",
        "list",
        "offering",
        "offering",
        "price",
        "promotion",
        "tariff",
        "tax",
    ]
    offering = rows.filter(pl.col("id") == "m").row(0, named=True)
    assert (offering["price_micros"], offering["commitment_micros"], offering["in_advance"]) == (
        24_990_000,
        5_000_000,
        True,
    )
    assert rows.filter(pl.col("entity") == "tax")["share_ppm"].to_list() == [230_000]
    assert rows["event_id"].n_unique() == len(rows)
    assert found(rows) == []


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("retail,voice,44,1.2345678,2026-01-01,", "row 3: rate: `1.2345678` is no amount"),
        ("retail,voice,44,ten,2026-01-01,", "row 3: rate: `ten`"),
        ("retail,telex,44,1,2026-01-01,", "row 3: service: `telex` is none of voice"),
        ("retail,voice,4A,1,2026-01-01,", "row 3: prefix: `4A` is no digits"),
        ("retail,voice,44,1,yesterday,", "`yesterday` is no day"),
        ("retail,voice,44,9999999999999,2026-01-01,", "row 3: rate"),
    ],
)
def test_a_price_list_that_cannot_be_read_names_its_row(tmp_path: Path, row: str, sentence: str) -> None:
    """Nobody searches ten thousand prefixes for the wrong one."""
    with pytest.raises(ConfigurationError, match=sentence):
        catalogue(tmp_path, f"{FINE}\n{row}")


@pytest.mark.parametrize(
    ("offering", "sentence"),
    [
        ("  - {id: m, fee: a lot}", "offering m: `a lot` is no amount"),
        ("  - {id: m, fee: 1, colour: red}", "colour"),
        ("  - {id: m, fee: 1, proration: weeks}", "proration|weeks"),
        ("  - {id: m, fee: 1, allowances: [{id: a, service: voice, units: 0}]}", "allowance a has no units"),
    ],
)
def test_a_catalogue_that_cannot_be_read_says_what_is_wrong(tmp_path: Path, offering: str, sentence: str) -> None:
    """A word that nobody knows is refused, not ignored."""
    with pytest.raises(ConfigurationError, match=sentence):
        catalogue(tmp_path, FINE, offerings=offering)


def test_the_catalogue_that_the_guide_shows_is_one(tmp_path: Path) -> None:
    """Whoever copies it has a catalogue without problems."""
    guide = (Path(__file__).parents[3] / "docs" / "companions.md").read_text("utf-8")
    for name, kind in (("catalogue.yaml", "yaml"), ("prices.csv", "csv")):
        (tmp_path / name).write_text(guide.split(f"```{kind}\n")[1].split("```")[0], "utf-8")
    rows = load(tmp_path / "catalogue.yaml")
    assert found(rows) == []
    assert len(rows) > 10


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """A catalogue without its file, a currency that is none, a zone that is none."""
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.yaml")
    with pytest.raises(ConfigurationError, match="no time zone"):
        catalogue(tmp_path, FINE, zone="Europe/Atlantis")


HEAD = "tariff,service,version,prefix,rate,valid_from,valid_to"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("retail,voice,1,44,0.1,2026-01-01,2026-02-01\nretail,voice,2,44,0.2,2026-02-02,", "leaves a gap"),
        ("retail,voice,1,44,0.1,2026-01-01,2026-02-02\nretail,voice,2,44,0.2,2026-02-01,", "overlaps"),
        ("retail,voice,1,44,-0.1,2026-01-01,", "rate_micros is negative"),
        ("retail,voice,1,44,0.1,2026-01-01,2026-02-01", "has expired"),
        ("retail,voice,1,44,0.1,2026-01-01,\nretail,voice,1,44,0.2,2026-01-01,", "stands twice"),
        ("retail,voice,1,44,0.1,2026-01-01,\nretail,voice,1,45,0.2,2026-01-02,", "another validity"),
        ("retail,voice,1,44,0.1,2026-02-01,2026-01-01", "ends before it begins"),
    ],
)
def test_what_is_wrong_with_versions_is_found(tmp_path: Path, rows: str, expected: str) -> None:
    """Gaps, overlaps, negative and expired prices; versions that meet exactly are fine."""
    said = found(catalogue(tmp_path, f"{HEAD}\n{rows}"))
    assert any(expected in problem for _, problem in said), said
    meeting = "retail,voice,1,44,0.1,2026-01-01,2026-02-01\nretail,voice,2,44,0.2,2026-02-01,"
    assert found(catalogue(tmp_path, f"{HEAD}\n{meeting}")) == []


def test_names_of_what_is_not_there_are_found(tmp_path: Path) -> None:
    """An offering whose price list is missing, a promotion of an offering that was renamed, a price in a band only."""
    rest = "promotions:\n  - {id: old, offering: gone, percent: 10}\nbands:\n  - {band: peak, days: [mon]}\n"
    prices = "tariff,service,band,rate\nretail,voice,peak,0.1"
    rows = catalogue(tmp_path, prices, offerings="  - {id: m, tariff: lost}\n", rest=rest)
    said = dict(found(rows))
    assert "lost, which is not there" in said["m"]
    assert "gone, which is not there" in said["old"]
    assert any("in bands only" in problem for problem in said.values())
