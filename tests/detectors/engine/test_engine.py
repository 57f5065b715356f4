"""The engine gives what the naive reference gives, whatever the program, the cut into batches, and the saving."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import language
from detectors.engine import Engine
from detectors.language import Feature, concurrent, count, distinct, overlapping, since
from detectors.rule import Rule
from tests.detectors.engine.naive import Naive
from tests.make import START_MS, Row, alerts, aligned, empty, part_of, usage
from tests.saved import plain, standing
from tollwatch.findings import Alert

MINUTE = timedelta(minutes=1)
FILTERS: dict[str | None, Any] = {
    None: lambda row: True,
    "service = 'voice'": lambda row: row["service"] == "voice",
    "duration_s > 30 or ring_s is null": lambda row: row["duration_s"] > 30 or row["ring_s"] is None,
    "service <> 'data' and not duration_s = 0": lambda row: row["service"] != "data" and row["duration_s"] != 0,
}
WHERE = st.sampled_from(list(FILTERS))
SLIDING = st.tuples(st.sampled_from([1, 2, 10]), st.sampled_from([1, 2, 5]))


@st.composite
def sliding(draw: st.DrawFn) -> Feature:
    """A feature over a sliding window, delayed or not."""
    minutes, panes = draw(SLIDING)
    shared = {"over": minutes * MINUTE * panes, "panes": panes, "where": draw(WHERE)}
    delayed = minutes * MINUTE * draw(st.sampled_from([0, 0, 1, 3]))
    kind = draw(st.sampled_from(["count", "sum", "max", "distinct", "overlapping", "since", "concurrent"]))
    return {
        "count": lambda: count(**shared, delayed=delayed),
        "sum": lambda: language.sum("charge_micros", **shared, delayed=delayed),
        "max": lambda: language.max("charge_micros", **shared, delayed=delayed),
        "distinct": lambda: distinct("called_number", **shared),
        "overlapping": lambda: overlapping(**shared),
        "since": lambda: since(over=shared["over"], where=shared["where"]),
        "concurrent": lambda: concurrent(over=shared["over"], where=shared["where"], slots=64),
    }[kind]()


@st.composite
def tumbling(draw: st.DrawFn) -> Feature:
    """A feature over a tumbling window of five minutes."""
    shared = {"over": 5 * MINUTE, "tumbling": True, "where": draw(WHERE)}
    made = [
        count(**shared),
        language.sum("charge_micros", **shared),
        distinct("called_number", **shared),
        overlapping(**shared),
    ]
    return draw(st.sampled_from(made))


@st.composite
def programs(draw: st.DrawFn) -> tuple[Rule, Naive]:
    """A rule of one to three features, and its naive twin."""
    kinds = tumbling() if draw(st.booleans()) else sliding()
    features = {f"f{n}": draw(kinds) for n in range(draw(st.integers(1, 3)))}
    warn, more = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    claim = next((n for n, f in features.items() if not f.delayed), "f0")
    rule = Rule(
        name="random",
        streams=("usage",),
        by="calling_number",
        features=features,
        claim=claim,
        warning=f"f0 >= {warn}",
        critical=f"f0 >= {warn + more} and not f{len(features) - 1} < 2",
        quiet_period=draw(st.sampled_from([2, 7])) * MINUTE,
    )
    last = f"f{len(features) - 1}"
    conditions = {
        "warning": lambda f: f["f0"] is not None and f["f0"] >= warn,
        "critical": lambda f: f["f0"] is not None and f["f0"] >= warn + more and f[last] is not None and f[last] >= 2,
    }
    naive = Naive(rule, {name: FILTERS[feature.where] for name, feature in features.items()}, conditions)
    return rule, naive


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Calls of three numbers in clusters, with phases and nulls."""
    time, made = 0, []
    for n in range(draw(st.integers(1, 40))):
        time += draw(st.sampled_from([0, 1, 20_000, 61_000, 400_000]))
        phase = draw(st.sampled_from([None, None, "start", "stop"]))
        duration = draw(st.sampled_from([0, 40, 200]))
        made.append(
            {
                "_stream": "usage",
                "event_id": f"e{n:03}",
                "event_time": START_MS + time,
                "service": draw(st.sampled_from(["voice", "voice", "sms", "data"])),
                "record_type": "originating",
                "calling_number": draw(st.sampled_from(["1", "1", "2", None])),
                "called_number": draw(st.sampled_from(["7", "8", "9", None])),
                "ring_s": draw(st.sampled_from([3, None])),
                "duration_s": duration,
                "start_time": START_MS + time - 1000 * duration,
                "phase": phase,
                "session_id": draw(st.sampled_from(["s1", "s2", None])) if phase else None,
                "charge_micros": draw(st.sampled_from([1, 2, None])),
                "currency": "EUR",
            }
        )
    return made


def said(alert: Alert) -> tuple[Any, ...]:
    """An alert as the naive reference writes it."""
    claim = alert.claim
    return (
        alert.subject,
        alert.episode_start,
        alert.revision,
        alert.state,
        alert.severity,
        alert.event_time,
        alert.features,
        (claim.since, claim.until, claim.count, claim.hash_sum),
    )


def spoil(made: list[Row], late_at: dict[int, int]) -> list[tuple[Row, bool]]:
    """Move some rows so many places back in the log: they arrive late."""
    order = sorted(range(len(made)), key=lambda n: n + late_at.get(n, 0) + (0.5 if late_at.get(n) else 0))
    greatest, result = 0, []
    for n in order:
        late = made[n]["event_time"] < greatest
        greatest = max(greatest, made[n]["event_time"])
        result.append((made[n], late))
    return result


@settings(max_examples=150, deadline=None)
@given(programs(), rows(), st.data())
def test_equals_the_naive_reference(program: tuple[Rule, Naive], made: list[Row], data: st.DataObject) -> None:
    """Random programs over random rows, some of them late, cut anywhere, saved and restored anywhere."""
    rule, naive = program
    late_at = data.draw(st.dictionaries(st.integers(0, 39), st.integers(1, 12), max_size=4))
    log = spoil(made, late_at)
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(log) - 1, 1)), max_size=5)) | {len(log)})
    part = part_of(rule)
    engine, found, start, reached = Engine(part.key_space, part.rules), [], 0, 0
    stored: dict[str, bytes] = {}
    for cut in cuts:
        piece = log[start:cut]
        if not piece:
            continue
        reached = max([reached, *(row["event_time"] for row, _ in piece)])
        naive.advance(piece, reached)
        found += alerts(engine, aligned([r for r, _ in piece], part, watermark=reached, late=[x for _, x in piece]))
        if data.draw(st.booleans()):
            stored = standing(stored, engine.save(stored.keys() if data.draw(st.booleans()) else set()))
        if stored and data.draw(st.booleans()):
            stored = standing(stored, engine.save(stored.keys()))
            engine = Engine(part.key_space, part.rules)
            engine.load(stored)
            again = Engine(part.key_space, part.rules)
            again.load(engine.save())
            assert plain(again.save()) == plain(engine.save())
        start = cut
    end = START_MS + 10 * 86_400_000
    naive.advance([], end)
    found += alerts(engine, empty(end))
    expected = [
        (*w[:3], *(("escalated" if w[4] == "critical" else "open",) if w[3] == "altered" else (w[3],)), *w[4:])
        for w in naive.written
    ]
    assert sorted(map(said, found), key=str) == sorted(expected, key=str)


def test_a_late_row_of_a_quiet_key_counts_no_value_twice() -> None:
    """Event time has gone on for others, a sweep has passed, and a row comes late that says what was said before."""
    rule = Rule(
        name="callees",
        streams=("usage",),
        by="calling_number",
        features={"callees": distinct("called_number", over=MINUTE, panes=1)},
        claim="callees",
        warning="callees >= 2",
        quiet_period=2 * MINUTE,
    )
    part = part_of(rule)
    engine = Engine(part.key_space, part.rules)
    first, other = usage("a", called_number="7"), usage("b", after_s=61, calling_number="9", called_number="7")
    again, new = usage("c", called_number="7"), usage("d", called_number="8")
    assert alerts(engine, aligned([first, other], part, watermark=other["event_time"])) == []
    late = aligned([again], part, watermark=other["event_time"], late=[True])
    assert alerts(engine, late) == []
    (opened,) = alerts(engine, aligned([new], part, watermark=other["event_time"], late=[True]))
    assert opened.features == {"callees": 2}
