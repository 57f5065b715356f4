"""Published bills, priced again from a catalogue that the test writes out."""

from pathlib import Path

import polars as pl

from tests.bss.plans import catalogue, rated, services
from tests.shared import shared

OFF_PEAK = "bands:\n  - {band: off-peak, days: [sun, mon]}\n"
PER_MINUTE = {
    "Local": (4, 1),
    "National": (8, 4),
    "Mobile": (25, 15),
    "Intl": (30, 25),
    "PRS": (50, 50),
    "Free": (0, 0),
}


def resold(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """42,238 calls with what they cost (`published`), and their price list.

    The kind of destination is a number of its own, the price a peak and an off-peak rate a minute.
    """
    given = pl.read_csv(shared("np_dl_telco_cdr/cdr.csv.gz"), infer_schema=False)
    given = given.rename({name: name.strip() for name in given.columns}).with_columns(pl.all().str.strip_chars())
    kinds = given.select("destPhoneNumber", "Type").unique()
    numbers = kinds.select("destPhoneNumber").unique()
    assert len(kinds) == len(numbers)  # a number is always of one kind
    rows = [
        f"retail,voice,{number},{kind},{band},{rate},60,60,60"
        for number, kind in kinds.sort("destPhoneNumber").iter_rows()
        for band, rate in zip(("", "off-peak"), PER_MINUTE[kind], strict=True)
    ]
    prices = "\n".join(["tariff,service,exact,destination,band,rate,per,first,step", *rows])
    reference = catalogue(folder, prices, rest=OFF_PEAK, zone="Europe/London", since="2013-01-01")

    def moment(day: str, time: str) -> pl.Expr:
        text = pl.col(day) + " " + pl.col(time)
        return text.str.to_datetime("%d/%m/%Y %H:%M:%S", time_zone="Europe/London").dt.epoch("ms")

    usage = given.select(
        event_id=pl.format("call-{}", pl.int_range(pl.len())),
        service=pl.lit("voice"),
        record_type=pl.lit("originating"),
        subscriber_id="phoneNumber",
        called_number="destPhoneNumber",
        start_time=moment("startDate", "startTime"),
        event_time=moment("endDate", "endTime"),
        published=pl.col("Cost").cast(pl.Int64) * 1_000_000,
    ).with_columns(duration_s=(pl.col("event_time") - pl.col("start_time")) // 1000)
    return usage, reference


def test_every_rated_call_of_a_reseller_costs_what_its_bill_says(tmp_path: Path) -> None:
    """Rating makes of each call what was published."""
    usage, reference = resold(tmp_path)
    made = rated(usage, reference, services(*usage["subscriber_id"].unique().sort()))
    assert made.backlog["rating_error"].value_counts().rows() == []
    assert len(made.rated) == 42_238
    assert (made.rated["charge_micros"] == usage["published"]).all()


def test_the_bills_of_a_churn_table_are_its_minutes_times_its_prices(tmp_path: Path) -> None:
    """3,333 bills of four kinds of minutes, published rounded to the cent: ours differ by at most half a cent."""
    given = pl.read_csv(shared("np_dl_telco_cdr/bigml_churn_3333.csv.gz"), encoding="utf8-lossy")
    given = given.rename({name: name.strip("\ufeff ") for name in given.columns})
    rates = {"Day": ("1", "0.17"), "Eve": ("2", "0.085"), "Night": ("3", "0.045"), "Intl": ("4", "0.27")}
    rows = [f"retail,voice,{number},{kind},{rate},60" for kind, (number, rate) in rates.items()]
    reference = catalogue(tmp_path, "\n".join(["tariff,service,exact,destination,rate,per", *rows]))
    usage = pl.concat(
        given.select(
            event_id=pl.format("{}-{}", pl.lit(kind), pl.int_range(pl.len())),
            service=pl.lit("voice"),
            record_type=pl.lit("originating"),
            subscriber_id=pl.col("Phone"),
            called_number=pl.lit(number),
            event_time=pl.lit(1_770_000_000_000),
            duration_s=(pl.col(f"{kind} Mins") * 60).round().cast(pl.Int64),
            published=(pl.col(f"{kind} Charge") * 100).round().cast(pl.Int64) * 10_000,
        )
        for kind, (number, _) in rates.items()
    )
    made = rated(usage, reference, services(*usage["subscriber_id"].unique().sort()))
    assert made.backlog.is_empty()
    assert len(made.rated) == 4 * 3_333
    difference = (made.rated["charge_micros"] - usage["published"]).abs()
    assert difference.max() <= 5_000
