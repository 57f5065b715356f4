"""Partners' statements: sums of what was carried, at the rate in force, by route and destination."""

import polars as pl

from bss.settlement.partners import commission_lines, commissions, content_shares, roaming, tap_out
from bss.settlement.routes import Rates, batches, interconnect, statements, told
from bss_kit.periods import parse_period
from tests.bss.plans import calls
from tollwatch.columns import schema

MARCH = parse_period("2026-03", "UTC")
NOON = MARCH[0] + 12 * 3_600_000
DAY = 86_400_000


def rate(partner: str, direction: str, prefix: str, micros: int, **more: object) -> dict[str, object]:
    """A row of `reference`."""
    return {
        "entity": "route_rate",
        "id": f"{partner}.{direction}.{prefix}",
        "partner_id": partner,
        "direction": direction,
        "prefix": prefix,
        "rate_micros": micros,
        "per_units": 60,
        "currency": "EUR",
        "destination": f"to {prefix}",
    } | more


REFERENCE = pl.DataFrame(
    [
        rate("C1", "out", "44", 60_000),
        rate("C1", "out", "447", 120_000),
        rate("C1", "in", "", 6_000, valid_to=NOON + DAY),
        rate("C1", "in", "", 12_000, valid_from=NOON + DAY),
        {"entity": "contract", "id": "m1", "partner_id": "M1", "share_ppm": 500_000, "from_units": 0},
        {"entity": "contract", "id": "m1+", "partner_id": "M1", "share_ppm": 600_000, "from_units": 3},
        {"entity": "contract", "id": "d1", "partner_id": "D1", "price_micros": 20_000_000, "clawback_days": 90}
        | {"currency": "EUR"},
    ]
)
TRUNKS = pl.DataFrame({"trunk_id": ["T1", "T2"], "partner_id": ["C1", "C1"]})


def traffic() -> pl.DataFrame:
    """Two calls out, one unanswered, one in before and one after the rate changed, one in transit."""
    rows = calls(
        [NOON + n * 1000 for n in range(6)], [60, 30, 0, 60, 60, 60], ["4420", "4479", "4420", "351", "351", "44"]
    )
    rows = rows.with_columns(
        record_type=pl.Series([*["originating"] * 3, *["terminating"] * 2, "transit"]),
        trunk_out=pl.Series(["T1", "T1", "T1", None, None, "T2"]),
        trunk_in=pl.Series([None, None, None, "T2", "T2", "T1"]),
    )
    later = pl.int_range(pl.len()) == 4
    return rows.with_columns(pl.col("start_time", "event_time") + pl.when(later).then(DAY).otherwise(0))


def test_traffic_is_settled_both_ways_at_the_rate_of_its_time() -> None:
    """A transit call pays in and out; what was not answered pays nothing."""
    lines = statements(interconnect(traffic(), Rates.of(REFERENCE), TRUNKS), "interconnect", MARCH, "2026-03")
    found = lines.select("direction", "route", "destination", "units", "amount_micros").sort(pl.all()).rows()
    assert found == [
        ("in", "T1", "to ", 60, 6_000),
        ("in", "T2", "to ", 60, 6_000),
        ("in", "T2", "to ", 60, 12_000),
        ("out", "T1", "to 44", 60, 60_000),
        ("out", "T1", "to 447", 30, 60_000),
        ("out", "T2", "to 44", 60, 60_000),
    ]
    rows = told(lines, MARCH[1])
    assert {*rows.columns} <= {*schema("settled")}
    assert rows["event_id"].n_unique() == len(rows)
    heads = batches(lines, MARCH, MARCH[1])
    assert heads.select("records", "units", "amount_micros").sort("units").rows() == [
        (3, 150, 180_000),
        (3, 180, 24_000),
    ]


def test_what_has_no_rate_is_not_settled_until_it_has_one() -> None:
    """Not at nothing: it waits."""
    priced = interconnect(traffic().with_columns(called_number=pl.lit("99")), Rates.of(REFERENCE), TRUNKS)
    out = priced.filter(pl.col("direction") == "out")
    assert out["amount_micros"].null_count() == len(out) > 0
    assert statements(out, "interconnect", MARCH, "2026-03").is_empty()


def test_roaming_is_settled_by_what_its_records_say() -> None:
    """TAP in is what we pay to the visited network, TAP out what a visitor's operator pays us."""
    rows = calls([NOON] * 2, [90, 60], ["44", "44"]).with_columns(
        roaming_direction=pl.Series(["in", "out"]),
        reported_by=pl.lit("P1"),
        cost_micros=pl.Series([300_000, None]),
        charge_micros=pl.Series([900_000, 200_000]),
        currency=pl.lit("EUR"),
    )
    lines = statements(roaming(rows), "roaming", MARCH, "2026-03").sort("direction")
    assert lines.select("direction", "units", "unit", "amount_micros").rows() == [
        ("in", 60, "second", 200_000),
        ("out", 90, "second", 300_000),
    ]


def test_visitors_calls_are_sent_to_their_operators_once() -> None:
    """At the rate of what they pay us; without a rate, unanswered, or sent already, they are not."""
    rows = calls([NOON + n for n in range(4)], [90, 60, 0, 60], ["44"] * 4).with_columns(
        roaming_direction=pl.lit("out"),
        file_format=pl.lit("cdr"),
        reported_by=pl.Series(["C1", "X", "C1", "C1"]),
        call_reference="event_id",
    )
    again = rows.tail(1).with_columns(file_format=pl.lit("tap"), charge_micros=pl.lit(6_000, pl.Int64))
    again = again.with_columns(event_id=pl.lit("sent-before"), currency=pl.lit("EUR"))
    every = pl.concat([rows, again], how="diagonal_relaxed")
    sent = tap_out(every, Rates.of(REFERENCE))
    assert sent.select("call_reference", "charge_micros", "file_format").rows() == [(rows["event_id"][0], 9_000, "tap")]
    lines = statements(roaming(pl.concat([every, sent], how="diagonal_relaxed")), "roaming", MARCH, "2026-03")
    assert lines.select("partner_id", "direction", "units", "amount_micros").rows() == [("C1", "in", 150, 15_000)]


def test_a_content_provider_gets_the_share_of_the_tier_it_reached() -> None:
    """Two purchases at half, three at 60 %, of all of them."""
    for count, expected in ((2, 1_000_000), (3, 1_800_000)):
        usage = calls([NOON] * count, [0] * count, ["1"] * count).with_columns(
            service=pl.lit("content"), content_provider_id=pl.lit("M1")
        )
        rated = usage.select(
            "event_time", refers_to="event_id", charge_micros=pl.lit(1_000_000, pl.Int64), currency=pl.lit("EUR")
        )
        lines = statements(content_shares(rated, usage, REFERENCE, MARCH[1]), "content", MARCH, "2026-03")
        assert lines["amount_micros"].to_list() == [expected]


def test_a_commission_is_taken_back_where_the_product_ends_too_soon() -> None:
    """Ended after 10 days it is, after 90 not; and a failed order pays nothing."""
    rows = [("i1", "P", "add", "completed", NOON), ("i2", "P", "delete", "completed", NOON + 10 * DAY)]
    rows += [("i3", "Q", "add", "completed", NOON), ("i4", "Q", "delete", "completed", NOON + 90 * DAY)]
    rows += [("i5", "R", "add", "failed", NOON)]
    orders = pl.DataFrame(rows, schema=["order_item_id", "product_id", "action", "state", "event_time"], orient="row")
    found = commissions(orders.with_columns(dealer_id=pl.lit("D1")), REFERENCE)
    lines = commission_lines(found, MARCH, "2026-03")
    assert lines.select("route", "order_item_id", "amount_micros").sort(pl.all()).rows() == [
        ("activation", "i1", 20_000_000),
        ("activation", "i3", 20_000_000),
        ("clawback", "i1", -20_000_000),
    ]
