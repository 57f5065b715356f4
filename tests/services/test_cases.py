"""Cases: alerts that share a subject, an account or a subscriber, from one to the next, and no others."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from services.cases import HUBS, with_cases

SMALL = st.integers(0, 4)
ROWS = st.lists(st.tuples(SMALL, st.none() | SMALL, st.none() | SMALL), max_size=12)


def table(rows: list[tuple[int, int | None, int | None]]) -> pl.DataFrame:
    """Alerts with subject, account and subscriber."""
    texts = [(f"s{s}", None if a is None else f"a{a}", None if b is None else f"b{b}") for s, a, b in rows]
    return pl.DataFrame(
        [("main", f"{n:04}", "calling_number", *each, n) for n, each in enumerate(texts)],
        schema=dict.fromkeys(
            ("tenant", "alert_id", "subject_kind", "subject", "account_id", "subscriber_id"), pl.String
        )
        | {"episode_start": pl.Int64},
        orient="row",
    )


@given(ROWS)
def test_it_is_what_joining_one_by_one_gives(rows: list[tuple[int, int | None, int | None]]) -> None:
    """Against the naive way: join two groups whenever any two of their alerts share something."""
    groups = [{n} for n in range(len(rows))]
    for n, mine in enumerate(rows):
        for m, other in enumerate(rows[:n]):
            if any(x is not None and x == y for x, y in zip(mine, other, strict=True)):
                first, second = (next(g for g in groups if each in g) for each in (n, m))
                if first is not second:
                    groups.remove(second)
                    first |= second
    wanted = {n: f"{min(group):04}" for group in groups for n in group}
    assert with_cases(table(rows))["case_id"].to_list() == [wanted[n] for n in range(len(rows))]


def test_a_case_keeps_its_name_as_it_grows() -> None:
    """It is called after its earliest alert."""
    rows: list[tuple[int, int | None, int | None]] = [(1, 7, None), (2, 8, None)]
    assert with_cases(table(rows))["case_id"].to_list() == ["0000", "0001"]
    assert with_cases(table([*rows, (3, 8, None)]))["case_id"].to_list() == ["0000", "0001", "0001"]


def test_a_reseller_s_account_joins_nothing() -> None:
    """What more than a thousand alerts share says nothing; a subject joins them all the same."""
    many: list[tuple[int, int | None, int | None]] = [(n, 7, None) for n in range(HUBS + 1)]
    assert with_cases(table(many))["case_id"].n_unique() == HUBS + 1
    assert with_cases(table([(1, None, None)] * (HUBS + 1)))["case_id"].n_unique() == 1


def test_tenants_have_nothing_in_common() -> None:
    """The same number with two operators is two cases."""
    rows = table([(1, 1, 1), (1, 1, 1)]).with_columns(tenant=pl.Series(["main", "other"]))
    assert with_cases(rows)["case_id"].n_unique() == 2
