"""What frames leave out is what no filter passes; what a filter passes is always carried."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import every_detector
from detectors.prefilter import coarse, either
from detectors.rule import rule_of
from tollwatch.columns import schema

WHOLE = {"high_usage": ("usage",)}
"""Every record may cost money."""
PARTS = st.sampled_from(
    [
        "service = 'sms'",
        "record_type in ('originating', 'roaming')",
        "duration_s > 3",
        "supplier_id is not null",
        "trunk_in is null",
        "not starts_with(called_number, '99')",
        "(service = 'data' or duration_s = 0)",
    ]
)
FILTERS = st.lists(PARTS, min_size=1, max_size=4).map(" and ".join)
ROWS = st.fixed_dictionaries(
    {
        "service": st.sampled_from(["sms", "data", "voice", None]),
        "record_type": st.sampled_from(["originating", "terminating", "roaming"]),
        "duration_s": st.sampled_from([0, 3, 4, None]),
        "supplier_id": st.sampled_from(["s", None]),
        "trunk_in": st.sampled_from(["t", None]),
        "called_number": st.sampled_from(["9907", "44", None]),
    }
)


@given(st.lists(FILTERS, min_size=1, max_size=3), st.lists(ROWS, min_size=1, max_size=20))
def test_what_any_filter_passes_is_carried(filters: list[str], rows: list[dict[str, object]]) -> None:
    """For random filters and rows, nulls among them."""
    kinds = {name: schema("usage")[name] for name in rows[0]}
    table = pl.DataFrame(rows, schema=kinds).with_row_index("n")
    passed = {n for sql in filters for n in table.filter(pl.sql_expr(sql))["n"]}
    carried = either(filters)
    assert passed <= set(table["n"] if carried is None else table.filter(pl.sql_expr(carried))["n"])


def test_thresholds_are_no_part_of_it() -> None:
    """Another number is the same kind of rows; another word is not."""
    assert coarse("service = 'sms' and duration_s > 3") == coarse("service = 'sms' and duration_s > 9")
    assert coarse("service = 'sms'") != coarse("service = 'voice'")
    assert either(["service = 'sms'", None]) is None
    assert either(["duration_s > 3"]) is None


@pytest.mark.parametrize("kind", every_detector(), ids=lambda kind: kind.__name__)
def test_every_filter_of_a_detector_can_be_chosen_by(kind: type) -> None:
    """A detector that asks for all rows of a stream makes every frame of its key whole: not without a reason."""
    rule = rule_of(kind())
    whole = {feature.of or rule.streams[0] for feature in rule.features.values() if coarse(feature.where) is None}
    assert whole <= {"reference", "device_sightings", *WHOLE.get(rule.name, ())}, whole
