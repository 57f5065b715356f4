"""What usage costs: prefixes, bands, steps, versions, allowances, and what cannot be priced."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss.rating.allowances import grant, no_buckets
from bss.rating.kernel import ERRORS
from bss.rating.plan import compile_plan
from bss.rating.rate import Contracts, rate
from tests.bss.plans import calls, catalogue, rated, services
from tollwatch.errors import ConfigurationError

HEAD = "tariff,service,prefix,destination,rate,per,first,step"


def at(text: str, zone: str = "UTC") -> int:
    """A local moment in milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


NOON = at("2026-03-10T12:00:00")


def charges(usage: pl.DataFrame, reference: pl.DataFrame, *held: pl.DataFrame) -> list[int | None]:
    """What each record costs."""
    made = rated(usage, reference, pl.concat(held) if held else services("S1"))
    return made.rated["charge_micros"].to_list()


def test_the_longest_prefix_prices_a_call(tmp_path: Path) -> None:
    """A premium range inside a country has its own price, its neighbours the country's; what has none is an error."""
    reference = catalogue(
        tmp_path,
        f"{HEAD}\nretail,voice,44,UK,0.10,60,60,60\nretail,voice,449,UK premium,2.00,60,60,60\n"
        "retail,voice,4490,x,3,60,60,60",
    )
    usage = calls([NOON] * 5, [60] * 5, ["447000000000", "449100000000", "449000000000", "45100000", "450"])
    made = rated(usage, reference, services("S1")).rated
    assert made["charge_micros"].to_list() == [100_000, 2_000_000, 3_000_000, None, None]
    assert made["destination"].to_list()[:3] == ["UK", "UK premium", "x"]
    assert made["rating_error"].to_list()[3] == ERRORS[5]


@settings(max_examples=60, deadline=None)
@given(
    prefixes=st.lists(st.text("0123", min_size=0, max_size=5), min_size=1, max_size=30, unique=True),
    numbers=st.lists(st.text("0123", min_size=1, max_size=9), min_size=1, max_size=30),
)
def test_prefixes_are_found_as_a_search_through_all_of_them_finds_them(prefixes: list[str], numbers: list[str]) -> None:
    """The compiled intervals give for every number the longest of all prefixes, or none."""
    reference = pl.DataFrame(
        {"entity": "tariff", "id": prefixes, "tariff_id": "retail", "service": "voice", "prefix": prefixes}
    ).with_columns(destination=pl.lit("to ") + pl.col("prefix"), rate_micros=pl.lit(1, pl.Int64))
    offering = pl.DataFrame({"entity": ["offering"], "id": ["basic"], "tariff_id": ["retail"]}).with_columns(
        charging=pl.lit("offline"), currency=pl.lit("EUR"), valid_from=pl.lit(0), valid_to=pl.lit(None, pl.Int64)
    )
    both = pl.concat([reference, offering], how="diagonal")
    made = rated(calls([NOON] * len(numbers), [1] * len(numbers), list(numbers)), both, services("S1")).rated
    longest = [max((p for p in prefixes if number.startswith(p)), key=len, default=None) for number in numbers]
    assert made["destination"].to_list() == [None if each is None else f"to {each}" for each in longest]


@pytest.mark.parametrize(
    ("first", "step", "duration_s", "cost"),
    [(60, 60, 1, 60_000), (60, 60, 61, 120_000), (60, 1, 61, 61_000), (0, 1, 61, 61_000), (30, 6, 31, 36_000)],
)
def test_units_are_charged_in_steps(tmp_path: Path, first: int, step: int, duration_s: int, cost: int) -> None:
    """The first units are charged whole, what follows in whole steps."""
    reference = catalogue(tmp_path, f"{HEAD}\nretail,voice,,any,0.06,60,{first},{step}")
    assert charges(calls([NOON], [duration_s], ["4470"]), reference) == [cost]


def test_an_unanswered_call_costs_nothing_not_even_its_connection(tmp_path: Path) -> None:
    """Nobody pays for a call that nobody took."""
    reference = catalogue(tmp_path, f"{HEAD},connect\nretail,voice,,any,0.06,60,60,60,0.05")
    assert charges(calls([NOON, NOON], [0, 1], ["447", "447"]), reference) == [0, 110_000]


def test_units_further_on_may_cost_less(tmp_path: Path) -> None:
    """The first minute at one price, what follows at another, by the second (CGRateS: two rates with a group start)."""
    reference = catalogue(
        tmp_path, f"{HEAD},from_units\nretail,voice,,any,0.60,60,60,60,0\nretail,voice,,any,0.06,60,0,1,60"
    )
    assert charges(calls([NOON] * 3, [30, 60, 90], ["4"] * 3), reference) == [600_000, 600_000, 630_000]


BANDS = "bands:\n  - {band: peak, days: [mon, tue, wed, thu, fri], from: '08:00', until: '19:00'}\n"
BANDED = (
    "tariff,service,destination,band,rate,per,step,split\nretail,voice,any,peak,0.60,60,1,{0}\n"
    "retail,voice,any,,0.06,60,1,{0}"
)


def test_a_band_is_that_of_local_time_in_summer_and_winter(tmp_path: Path) -> None:
    """Eight o'clock in Lisbon is eight o'clock UTC in winter and seven in summer."""
    reference = catalogue(tmp_path, BANDED.format("no"), rest=BANDS, zone="Europe/Lisbon")
    moments = [
        at("2026-03-27T08:00:00"),
        at("2026-03-27T07:59:59"),
        at("2026-03-30T07:00:00"),
        at("2026-03-30T06:59:59"),
    ]
    assert charges(calls(moments, [60] * 4, ["4"] * 4), reference) == [600_000, 60_000, 600_000, 60_000]


def test_a_call_into_another_band_is_split_where_the_price_list_says_so(tmp_path: Path) -> None:
    """Thirty seconds before the peak and thirty in it; without `split` the band at the beginning counts."""
    start = at("2026-03-10T07:59:30")
    for split, cost in (("yes", 30_000 + 300_000), ("no", 60_000)):
        reference = catalogue(tmp_path, BANDED.format(split), rest=BANDS)
        assert charges(calls([start], [60], ["4"]), reference) == [cost]


def test_a_call_over_the_change_to_summer_time_is_priced_by_local_time(tmp_path: Path) -> None:
    """At one o'clock UTC of 29 March it is two in Lisbon: a night band until two ends there, an hour early."""
    night = "bands:\n  - {band: night, days: [sun], from: '00:00', until: '02:00'}\n"
    prices = BANDED.format("yes").replace("peak", "night")
    reference = catalogue(tmp_path, prices, rest=night, zone="Europe/Lisbon")
    start = at("2026-03-29T00:59:00")
    assert charges(calls([start], [120], ["4"]), reference) == [600_000 + 60_000]


def test_a_holiday_has_the_bands_of_holidays(tmp_path: Path) -> None:
    """Without bands of its own it is a day of the week like others."""
    with_day = BANDS + "holidays: [2026-04-03]\n"
    good_friday = calls([at("2026-04-03T12:00:00")], [60], ["4"])
    assert charges(good_friday, catalogue(tmp_path, BANDED.format("no"), rest=with_day)) == [600_000]
    own = with_day.replace("holidays:", "  - {band: quiet, days: [holiday]}\nholidays:")
    prices = BANDED.format("no") + "\nretail,voice,any,quiet,0.01,60,1,no"
    assert charges(good_friday, catalogue(tmp_path, prices, rest=own)) == [10_000]


def test_the_version_in_force_when_a_call_begins_prices_it(tmp_path: Path) -> None:
    """The price changes at local midnight; a call before it has the old price, whenever its record comes."""
    reference = catalogue(
        tmp_path,
        "tariff,service,version,rate,valid_from,valid_to\nretail,voice,1,0.10,2026-01-01,2026-03-15\n"
        "retail,voice,2,0.20,2026-03-15,",
        zone="Europe/Berlin",
    )
    change = at("2026-03-15T00:00:00", "Europe/Berlin")
    made = rated(calls([change - 1, change], [1, 1], ["4", "4"]), reference, services("S1")).rated
    assert made.select("charge_micros", "tariff_version").rows() == [(100_000, 1), (200_000, 2)]


def test_a_change_of_offering_changes_the_price_list_at_that_moment(tmp_path: Path) -> None:
    """Who moves to another offering is charged by it from then on."""
    reference = catalogue(
        tmp_path, "tariff,service,rate\nretail,voice,0.10\nflat,voice,0", offerings="  - {id: all-in, tariff: flat}"
    )
    held = [services("S1", until=NOON), services("S1", offering="all-in", since=NOON)]
    assert charges(calls([NOON - 1, NOON], [1, 1], ["4", "4"]), reference, *held) == [100_000, 0]


def test_abroad_the_visited_network_prices_calls_made_and_taken(tmp_path: Path) -> None:
    """At home a call that is taken costs nothing and is not rated; abroad it may."""
    reference = catalogue(
        tmp_path,
        "tariff,service,place,prefix,rate\nretail,voice,home,,0.01\nretail,voice,roaming,262,0.30\n"
        "retail,voice,roaming_in,262,0.05",
    )
    usage = calls([NOON] * 4, [1] * 4, ["4"] * 4).with_columns(
        record_type=pl.Series(["originating", "terminating", "originating", "terminating"]),
        serving_network=pl.Series(["268-01", "268-01", "262-02", "262-02"]),
    )
    plan = compile_plan(reference)
    made = rate(usage, plan, Contracts.of(services("S1"), reference, plan), no_buckets(), home=frozenset({"268-01"}))
    assert made.rated["charge_micros"].to_list() == [10_000, 300_000, 50_000]
    assert made.not_charged == 1


def test_data_is_priced_by_rating_group_and_a_zero_rated_one_costs_nothing(tmp_path: Path) -> None:
    """Bytes both ways, by the begun kilobyte."""
    reference = catalogue(
        tmp_path, "tariff,service,exact,rate,per,step\nretail,data,,1.00,1000000,1000\nretail,data,900,0,1,1"
    )
    usage = calls([NOON] * 2, [1] * 2, [None, None]).with_columns(
        service=pl.lit("data"), uplink_bytes=500, downlink_bytes=1_000_000, rating_group=pl.Series([None, "900"])
    )
    assert charges(usage, reference) == [1_001_000, 0]


ALLOWANCE = (
    "  - {id: bundle, tariff: retail, allowances: ["
    "{id: national, service: voice, units: 100, destinations: [home], priority: 1, rollover_periods: 1},"
    "{id: any, service: voice, units: 50, priority: 2}]}\n"
)
MARCH, APRIL = (
    (at("2026-03-01T00:00:00"), at("2026-04-01T00:00:00")),
    (at("2026-04-01T00:00:00"), at("2026-05-01T00:00:00")),
)
BY_SECOND = f"{HEAD}\nretail,voice,351,home,0.01,1,0,1\nretail,voice,,abroad,0.02,1,0,1"


def test_allowances_pay_in_order_of_priority_and_the_rest_costs(tmp_path: Path) -> None:
    """The one for home first, then the one for everything; what neither covers is charged."""
    reference = catalogue(tmp_path, BY_SECOND, offerings=ALLOWANCE)
    held = services("S1", offering="bundle")
    buckets = grant(no_buckets(), held, reference, MARCH)
    usage = calls([NOON, NOON + 1, NOON + 2], [120, 20, 20], ["3519", "44", "44"])
    made = rated(usage, reference, held, buckets)
    assert made.rated.select("allowance_used", "charge_micros").rows() == [(120, 0), (20, 0), (10, 200_000)]
    assert made.rated["allowance_id"].to_list() == ["bundle.national", "bundle.any", "bundle.any"]
    assert made.buckets["remaining"].to_list() == [0, 0]


def test_what_is_left_of_an_allowance_is_carried_over_for_as_long_as_it_says(tmp_path: Path) -> None:
    """Carried-over units go first, because they end first; a grant that is asked for twice is one."""
    reference = catalogue(tmp_path, BY_SECOND, offerings=ALLOWANCE)
    held = services("S1", offering="bundle")
    buckets = grant(grant(no_buckets(), held, reference, MARCH), held, reference, APRIL)
    assert grant(buckets, held, reference, APRIL).equals(buckets)
    made = rated(calls([APRIL[0]], [150], ["351"]), reference, held, buckets)
    left = {
        (name, since): rest
        for name, since, rest in made.buckets.select("allowance_id", "valid_from", "remaining").rows()
    }
    assert left["bundle.national", MARCH[0]] == 0
    assert left["bundle.national", APRIL[0]] == 50
    assert left["bundle.any", MARCH[0]] == 50  # ended with March
    assert made.rated["charge_micros"].to_list() == [0]


@settings(max_examples=50, deadline=None)
@given(lasts=st.lists(st.integers(0, 90), min_size=1, max_size=40), cut=st.integers(0, 40))
def test_allowances_never_fall_below_nothing_and_a_cut_changes_no_price(lasts: list[int], cut: int) -> None:
    """In one run or in two, every call costs the same; units covered and left are what was granted."""
    reference = _bundle()
    held = services("S1", offering="bundle")
    buckets = grant(no_buckets(), held, reference, MARCH)
    usage = calls([NOON + n * 100_000 for n in range(len(lasts))], lasts, ["351"] * len(lasts))
    whole = rated(usage, reference, held, buckets)
    first = rated(usage.head(cut), reference, held, buckets)
    second = rated(usage.slice(cut), reference, held, first.buckets)
    assert pl.concat([first.rated, second.rated]).equals(whole.rated)
    assert second.buckets.equals(whole.buckets)
    assert whole.buckets["remaining"].min() >= 0
    assert whole.rated["allowance_used"].fill_null(0).sum() + whole.buckets["remaining"].sum() == 150
    paid = whole.rated["charge_micros"].sum() // 10_000
    assert paid + whole.rated["allowance_used"].fill_null(0).sum() == sum(lasts)


def _bundle() -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        return catalogue(Path(folder), BY_SECOND, offerings=ALLOWANCE)


def test_what_cannot_be_priced_waits_with_its_reason_and_is_priced_later(tmp_path: Path) -> None:
    """Nothing is lost: each record has a row, and a catalogue that knows more prices the same records."""
    reference = catalogue(tmp_path, f"{HEAD}\nretail,voice,351,home,0.01,1,0,1")
    usage = calls([NOON] * 4, [1] * 4, ["3519", "44", "alpha", None], ["S1", "S1", "S1", "S9"])
    made = rated(usage, reference, services("S1"))
    assert made.rated["rating_error"].to_list() == [None, ERRORS[5], ERRORS[7], ERRORS[1]]
    assert made.backlog["charge_micros"].to_list() == [None] * 3
    fuller = catalogue(tmp_path, f"{HEAD}\nretail,voice,,any,0.01,1,0,1")
    again = usage.join(made.backlog.select(event_id="refers_to"), on="event_id", how="semi")
    assert rated(again, fuller, services("S1", "S9")).rated["rating_error"].to_list() == [None, ERRORS[7], ERRORS[7]]


def test_a_hostile_number_of_units_is_an_error_not_an_overflow(tmp_path: Path) -> None:
    """Two exabytes at a high price do not wrap around to a small charge."""
    reference = catalogue(tmp_path, "tariff,service,rate\nretail,data,1000")
    usage = calls([NOON], [1], [None]).with_columns(service=pl.lit("data"), uplink_bytes=2**61, downlink_bytes=0)
    assert rated(usage, reference, services("S1")).rated["rating_error"].to_list() == [ERRORS[9]]


def test_a_price_list_that_cannot_be_compiled_says_which_row(tmp_path: Path) -> None:
    """A rounding that nobody knows, from somebody else's `reference`."""
    reference = catalogue(tmp_path, "tariff,service,rate\nretail,voice,1")
    with pytest.raises(ConfigurationError, match=r"retail\.1\.voice"):
        compile_plan(reference.with_columns(rounding=pl.lit("sideways")))


def test_moments_are_read_in_utc() -> None:
    """The helper of these tests means what it says."""
    assert at("2026-03-01T00:00:00") == int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
