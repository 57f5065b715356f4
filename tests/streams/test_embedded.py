"""The embedded line: the same findings however sources are cut, split over partitions, stopped and taken up again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.assembly import make_plan
from streams.embedded import Run
from tests.make import account, payment, usage
from tests.saved import standing
from tests.streams.memory import InMemoryStore, Row, Rows, line, ran
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError

HOUR_S = 3600
IN_FORCE = Settings(disabled=["payment_risk"])


def happened() -> dict[str, list[Row]]:
    """An account beyond its limit, a Wangiri campaign, a list of cards, and many who do nothing."""
    calls = [
        usage(f"dear-{n}", after_s=n * 600, charge_micros=9_000_000, account_id="a9", duration_s=300) for n in range(12)
    ]
    calls += [
        usage(
            f"drop-{n:03}",
            after_s=HOUR_S + n,
            calling_number="447199999999",
            called_number=f"4473{n:08}",
            ring_s=1,
            duration_s=0,
            account_id="a8",
        )
        for n in range(45)
    ]
    calls += [
        usage(f"quiet-{n:03}", after_s=n * 97, calling_number=f"44711{n % 40:07}", account_id=f"q{n % 40}")
        for n in range(200)
    ]
    paid = [
        payment(
            f"pay-{n:03}",
            after_s=2 * HOUR_S + n * 60,
            kind="recharge",
            card_fingerprint=f"card-{n}",
            state="declined" if n % 4 else "settled",
            amount_micros=1_000_000,
        )
        for n in range(12)
    ]
    known = [account(f"{name}", after_s=-60) for name in ("a1", "a8", "a9")]
    return {
        "usage": sorted(calls, key=lambda row: (row["event_time"], row["event_id"])),
        "payments": paid,
        "reference": known,
    }


def sources(sizes: int = 50, files: int = 1) -> list[Rows]:
    """The rows as files, `files` of usage that take turns."""
    rows = happened()
    made = [Rows("usage", f"usage-{n}", rows["usage"][n::files], sizes) for n in range(files)]
    return [*made, Rows("payments", "payments", rows["payments"], sizes), Rows("reference", "r", rows["reference"])]


@pytest.fixture(scope="module")
def usual() -> list[bytes]:
    """What one file, one partition and large batches give."""
    kept, summary = ran(sources(), make_plan(IN_FORCE))
    assert set(summary.by_detector) == {"wangiri", "high_usage", "card_testing"}
    return kept.findings()


@settings(max_examples=6, deadline=None)
@given(st.sampled_from([1, 2, 3, 8, 64]), st.integers(1, 300), st.integers(1, 4))
def test_partitions_batches_and_files_change_nothing(
    usual: list[bytes], partitions: int, sizes: int, files: int
) -> None:
    """Any number of partitions under the 64 shards, any batches, any files."""
    kept, summary = ran(sources(sizes, files), make_plan(IN_FORCE), partitions=partitions)
    assert kept.findings() == usual
    assert (summary.late, summary.duplicates, summary.conflicts) == (0, 0, 0)


@settings(max_examples=6, deadline=None)
@given(st.integers(20, 250), st.integers(0, 9), st.sampled_from([1, 3]))
def test_taken_up_again_it_goes_on(usual: list[bytes], after: int, at: int, partitions: int) -> None:
    """Stopped where a state was saved, a new run goes on from there, reads nothing twice and finds the same."""
    kept = InMemoryStore()
    states: list[tuple[dict[str, bytes], dict[str, int]]] = []

    def keep(run: Run) -> None:
        before = states[-1][0] if states else {}
        states.append((standing(before, run.save(before.keys())), run.consumed()))

    line(sources(10), make_plan(IN_FORCE), kept, partitions=partitions, on_save=keep, save_every=after).go()
    assert len(states) >= 2
    state, consumed = states[min(at, len(states) - 2)]

    again, later = sources(10), InMemoryStore()
    run = line(again, make_plan(IN_FORCE), later, partitions=partitions)
    run.load(state)
    run.go()

    assert [source.given for source in again] == [len(s.rows) - consumed[s.partition] for s in again]
    assert sorted({*kept.findings(), *later.findings()}) == usual


def test_one_id_under_many_keys_is_found_the_same_with_any_partitions() -> None:
    """Each key counts it by itself, whoever lies in the same part; the key space of all events says conflict."""

    def copies() -> list[Rows]:
        made = sources()
        others = [
            usage(
                f"drop-{n:03}",
                after_s=HOUR_S + n,
                calling_number=f"44719999{m:04}",
                called_number=f"4473{n:08}",
                ring_s=1,
                duration_s=0,
                account_id="a8",
            )
            for n in range(45)
            for m in range(8)
        ]
        return [*made, Rows("usage", "copies", sorted(others, key=lambda row: row["event_time"]))]

    found = {n: ran(copies(), make_plan(IN_FORCE), partitions=n) for n in (1, 4, 16)}
    kept, summary = found[1]
    assert {alert.subject for alert in kept.alerts} >= {"447199999999", *(f"44719999{m:04}" for m in range(8))}
    assert summary.conflicts == 45 * 8
    for other, of_other in found.values():
        assert (other.findings(), of_other.conflicts) == (kept.findings(), summary.conflicts)


def test_the_state_of_another_number_of_partitions_is_refused() -> None:
    """The sentence says with which number to go on."""
    run = line(sources(), make_plan(IN_FORCE), partitions=3)
    run.go()
    with pytest.raises(ConfigurationError, match="go on with --partitions 3"):
        line(sources(), make_plan(IN_FORCE), partitions=2).load(run.save())


def test_each_record_is_stored_once_and_what_became_of_it_is_noted() -> None:
    """Duplicates, contradictions, late ones and unbelievable times: all are kept, each with its mark or its reason."""
    rows = happened()["usage"]
    again = [rows[5], rows[5] | {"duration_s": 77}, rows[0] | {"event_id": "late"}]
    strange = [usage("old", after_s=-50 * 365 * 86_400), usage("future", after_s=400 * 86_400)]
    everything = [*rows, *again, *strange]
    kept, summary = ran([Rows("usage", "u", everything)], make_plan(IN_FORCE), disorder_s=0)

    refused = {record.position: record.reason for record in kept.quarantined}
    assert len(kept.raw) == len(set(kept.raw)) == len(rows) + len(again)
    assert ("usage", "u", len(rows) + 2, "late") in kept.marks
    assert "came before with other content" in refused[len(rows) + 1]
    assert "before 1990" in refused[len(everything) - 2]
    assert "after it was received" in refused[len(everything) - 1]
    assert (summary.events, summary.quarantined) == (len(rows) + 3, 2)
    assert (summary.duplicates, summary.conflicts) == (1, 1)
    assert summary.late == 3, "all three came after later rows"
    assert "allowed disorder of 0 s; sort the file with --sort" in summary.warnings[0]


def test_it_reads_on_where_the_watermark_is_lowest() -> None:
    """A short file of late days waits for a long one of earlier days; nothing is late for it."""
    early = [usage(f"e{n}", after_s=n) for n in range(300)]
    later = [usage(f"l{n}", after_s=86_400 + n) for n in range(300)]
    _, summary = ran([Rows("usage", "b", later, 10), Rows("usage", "a", early, 10)], make_plan(IN_FORCE))
    assert (summary.events, summary.late) == (600, 0)
