"""Costs that CGRateS' tutorial expects (its tests' figures are facts), from a price list of our own writing.

Rates of the tutorial: a connection fee, a first minute, and smaller steps behind it, at peak (Monday to Friday, 8 to
19) and off-peak; costs are rounded up to four decimals.
"""

from pathlib import Path

import pytest

from tests.bss.plans import calls, catalogue, rated, services
from tests.bss.rating.test_rate import at

RATES = {
    "10": "0.2,0.1,60,60,60,0 0,0.05,60,0,1,60",
    "20": "0.4,0.2,60,60,60,0 0,0.1,60,0,1,60",
    "40": "0.8,0.4,60,30,30,0 0,0.2,60,0,10,60",
}
TAIL = "up,0.0001"
BANDS = "bands:\n  - {band: peak, days: [mon, tue, wed, thu, fri], from: '08:00', until: '19:00'}\n"


def price_list() -> str:
    """1002 at the rate of 20, 1003 and 1004 at that of 40 in the peak; everything at the rate of 10 outside it."""
    rows = ["tariff,service,exact,band,connect,rate,per,first,step,from_units,rounding,round_to"]
    for number, peak in (("1002", "20"), ("1003", "40"), ("1004", "40")):
        for band, rate in (("peak", peak), ("", "10")):
            rows.extend(f"retail,voice,{number},{band},{slot},{TAIL}" for slot in RATES[rate].split())
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("called", "moment", "lasts_s", "cost_micros"),
    [
        ("1002", "2014-08-04T13:00:00", 20, 600_000),
        ("1002", "2014-08-04T13:00:00", 85, 641_700),
        ("1003", "2014-08-04T13:00:00", 20, 1_000_000),
        ("1003", "2014-08-04T13:00:00", 85, 1_300_000),
        ("1004", "2014-08-04T13:00:00", 20, 1_000_000),
        ("1004", "2014-08-04T13:00:00", 85, 1_300_000),
        ("1003", "2016-11-30T17:06:04", 98, 1_333_400),
    ],
)
def test_a_call_costs_what_the_tutorial_says(
    tmp_path: Path, called: str, moment: str, lasts_s: int, cost_micros: int
) -> None:
    """Connection fee, steps, the second rate behind the first minute, rounding up."""
    reference = catalogue(tmp_path, price_list(), rest=BANDS, since="2014-01-01")
    made = rated(calls([at(moment)], [lasts_s], [called]), reference, services("S1"))
    assert made.rated["charge_micros"].to_list() == [cost_micros]
