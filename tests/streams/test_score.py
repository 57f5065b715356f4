"""The scoring stage: the same scores and alerts however rows are cut, saved or joined; labels when they are known."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.fraud.payment_risk import PaymentRisk
from models.artifact import Artifact, Card, Line
from models.contract import Numbers, Scorer
from models.payment_risk import PaymentRisk as Champion
from models.payment_risk_line import PaymentRiskLine
from models.registry import ModelFolder
from replay.cards import aligned
from streams.score import Scoring
from streams.score_space import scoring_key_space
from tollwatch.errors import StoreError
from tollwatch.findings import Alert, Score
from tollwatch.frames import Aligned

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 20_000 * DAY
CARD = [f"card_{what}_{days}d" for days in (1, 7, 30) for what in ("count", "micros")]
TERMINAL = [f"terminal_{what}_{days}d" for days in (1, 7, 30) for what in ("count", "frauds")]
SPACE = scoring_key_space(PaymentRisk())
Tables = dict[str, pl.DataFrame]


def made(n: int = 400, *, days: int = 10) -> Tables:
    """Payments of forty cards over ten days; the dear ones are fraud, and found out a day later."""
    rng = np.random.default_rng(7)
    fraud = rng.random(n) < 0.15
    payments = pl.DataFrame(
        {
            "event_id": [f"p{i:04}" for i in range(n)],
            "event_time": np.sort(START + rng.integers(0, days * 24 * 60, n) * MINUTE),
            "payment_id": [f"pay{i:04}" for i in range(n)],
            "amount_micros": np.where(fraud, 300_000_000, 20_000_000) + rng.integers(0, 9_000_000, n),
            "card_fingerprint": [f"card-{i}" for i in rng.integers(0, 40, n)],
            "terminal_id": "t1",
            "kind": "payment",
            "state": "settled",
            "hop": "gateway",
            "currency": "EUR",
        }
    )
    verdicts = payments.filter(pl.Series(fraud)).select(
        event_id="v" + pl.col("event_id"),
        event_time=pl.col("event_time") + DAY,
        verdict=pl.lit("fraud"),
        refers_to="event_id",
    )
    return {"payments": payments, "verdicts": verdicts}


def between(tables: Tables, start: int, end: int) -> Tables:
    """The rows from `start` up to, not including, `end`."""
    inside = (pl.col("event_time") >= start) & (pl.col("event_time") < end)
    return {stream: table.filter(inside) for stream, table in tables.items()}


def features(rows: Aligned) -> list[pl.DataFrame]:
    """What the engines of both keys would say, one table each, made up from the amount."""
    table = rows.tables["payments"].select("event_id", "event_time", "_id", "amount_micros")
    card = table.with_columns(**{name: pl.col("amount_micros").cast(pl.Float64) % 97 for name in CARD})
    terminal = table.with_columns(**{name: pl.col("amount_micros").cast(pl.Float64) % 89 for name in TERMINAL})
    return [card.drop("amount_micros"), terminal.drop("amount_micros")]


def stage(**changes: Any) -> Scoring:
    """Two alerts a day, genuine after two days, and a model that shows what it learnt of each label."""
    wanted = {"label_horizon_ms": 2 * DAY, "model": PaymentRiskLine()} | changes
    return Scoring(PaymentRisk(per_day=2, critical_per_day=1), **wanted)


def run(
    cuts: list[int],
    *,
    tables: Tables | None = None,
    restart: int | None = None,
    kind: type[Scorer] = PaymentRiskLine,
    folder: ModelFolder | None = None,
) -> tuple[list[Score], list[Alert]]:
    """Scores and alerts of rows cut at some minutes; at the cut `restart` the stage is saved and a new one goes on."""
    tables, scoring = tables or made(), stage(model=kind(), folder=folder)
    times = [START, *(START + cut * MINUTE for cut in sorted(set(cuts))), START + 40 * DAY]
    scores: list[Score] = []
    alerts: list[Alert] = []
    for n, (start, end) in enumerate(pairwise(times)):
        if n == restart:
            saved, scoring = scoring.save(), stage(model=kind(), folder=folder)
            scoring.load(saved)
        rows = aligned(SPACE, between(tables, start, end), end)
        found = scoring.advance(rows, features(rows))
        scores += found.all_scores()
        alerts += found.alerts
    return scores, alerts


WHOLE = run([])


def test_every_payment_gets_a_score_and_some_an_alert() -> None:
    """Frauds are dear and labels come, so the model finds them; no day opens more than its budget and the critical."""
    scores, alerts = WHOLE
    opened = [alert for alert in alerts if alert.revision == 1 and alert.state == "open"]
    warnings = [alert.event_time // DAY for alert in opened if alert.severity == "warning"]

    assert len(scores) == 400
    assert opened
    assert max(map(warnings.count, warnings), default=0) <= 2
    dear = [alert for alert in opened if (alert.features["amount"] or 0) >= 300]
    assert len(dear) > len(opened) / 2, "no better than chance, which is 15 %"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 15 * 24 * 60), max_size=12))
def test_the_cut_into_batches_does_not_matter(cuts: list[int]) -> None:
    """One batch or many: the same scores and the same alerts, in the same order."""
    assert run(cuts) == WHOLE


def test_trees_that_are_fitted_beside_the_line_do_not_see_the_cut_either() -> None:
    """Whenever a fit is done: the same scores, with cuts within the hour in which it began, and after a restart."""
    whole = run([], kind=Champion)
    cuts = [*range(7, 15 * 24 * 60, 1511)]

    assert run(cuts, kind=Champion) == whole
    assert run(cuts, kind=Champion, restart=4) == whole
    assert len({score.score for score in whole[0]}) > 100, "trees were fitted"


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 11 * 24 * 60), min_size=3, max_size=6, unique=True), st.integers(1, 3))
def test_a_restored_stage_goes_on_as_if_it_had_never_stopped(cuts: list[int], at: int) -> None:
    """Saved anywhere and loaded into a new one: nothing differs."""
    assert run(cuts, restart=at) == WHOLE


def test_features_may_come_later_than_the_payment() -> None:
    """A payment waits until the slowest key space has passed it."""
    scoring = stage()
    rows = aligned(SPACE, made(), START + 40 * DAY)
    card, terminal = features(rows)
    early = scoring.advance(rows, [card], START)
    late = scoring.advance(aligned(SPACE, between(made(), 0, 0), START + 40 * DAY), [terminal], START + 40 * DAY)

    assert early.score_rows == []
    assert list(late.all_scores()) == WHOLE[0]


def test_the_last_payment_is_scored_when_all_feeds_have_closed() -> None:
    """Alignment then gives rows at its watermark; a key space without verdicts ends with the last payment."""
    tables = made()
    last = int(tables["payments"]["event_time"].max())
    verdict = tables["verdicts"].head(1).with_columns(event_time=pl.lit(last + HOUR))
    scoring = stage()
    rows = aligned(SPACE, tables | {"verdicts": verdict}, last + HOUR)

    assert len(list(scoring.advance(rows, features(rows), last).all_scores())) == 400


def test_what_cannot_be_scored_goes_into_quarantine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model fails at one payment: the others have the scores they had, and nothing is learnt of that one."""
    of_all = type(stage().model).score_many

    def score_many(self: Scorer, inputs: Numbers) -> Numbers:
        if (inputs[:, 0] == odd).any():
            raise ZeroDivisionError("it divides by nothing")
        return of_all(self, inputs)

    tables, scoring = made(), stage()
    odd = tables["payments"]["amount_micros"][200] / 1e6
    before = [score for score in WHOLE[0] if score.event_time < tables["payments"]["event_time"][200]]
    monkeypatch.setattr(type(scoring.model), "score_many", score_many)
    rows = aligned(SPACE, tables, START + 40 * DAY)
    found = scoring.advance(rows, features(rows))

    (refused,) = found.quarantined
    assert refused.event_time == tables["payments"]["event_time"][200]
    assert "cannot be scored by payment_risk_line (ZeroDivisionError: it divides by nothing)" in refused.reason
    assert b'"event_id":"p0200"' in refused.raw
    scores = list(found.all_scores())
    assert len(scores) == 399
    assert scores[: len(before)] == before
    assert scoring.pending.end == 399


def test_batches_may_carry_other_columns() -> None:
    """A feed leaves fields out where no row of a batch has them; rows that wait go together all the same."""
    scoring, tables, end = stage(), made(), START + 40 * DAY
    middle = START + 5 * DAY
    first, second = between(tables, START, middle), between(tables, middle, end)
    second["payments"] = second["payments"].with_columns(external_reference=pl.lit("x"), account_id=pl.lit("a"))
    for part, until in ((first, START), (second, START)):
        rows = aligned(SPACE, part, end)
        present = [
            name for name in rows.tables["payments"].columns if name in part["payments"].columns or name[0] == "_"
        ]
        rows.tables["payments"] = rows.tables["payments"].select(reversed(present))  # type: ignore[index]
        scoring.advance(rows, features_of(part, rows), until)
    later = scoring.advance(aligned(SPACE, between(tables, 0, 0), end), [], end)
    assert [score.score for score in later.all_scores()] == [score.score for score in WHOLE[0]]


def features_of(part: Tables, rows: Aligned) -> list[pl.DataFrame]:
    """The features of rows, whatever columns they carry."""
    return features(aligned(SPACE, part, rows.watermark))


def test_a_label_is_not_learnt_before_it_is_known() -> None:
    """Without verdicts the scores of the first day are what they are with them, and later ones are not."""
    tables = made()
    blind = run([], tables=tables | {"verdicts": tables["verdicts"].clear()})[0]

    assert [s.score for s in blind if s.event_time <= START + DAY] == [
        s.score for s in WHOLE[0] if s.event_time <= START + DAY
    ]
    assert [s.score for s in blind] != [s.score for s in WHOLE[0]]


def test_without_any_fraud_learnt_nothing_is_alerted() -> None:
    """A model that has seen one kind only cannot tell the two apart."""
    tables = made()

    assert run([], tables=tables | {"verdicts": tables["verdicts"].clear()})[1] == []


def taught(*verdicts: tuple[int, str]) -> tuple[int, int]:
    """Frauds and genuine learnt of one payment at START, after verdicts at some hours, six days on."""
    one = made(1)
    one["payments"] = one["payments"].with_columns(event_time=pl.lit(START))
    said = [{"event_id": f"v{h}", "event_time": START + h * HOUR, "verdict": v} for h, v in verdicts]
    rows = pl.DataFrame([row | {"refers_to": "p0000"} for row in said], made()["verdicts"].schema)
    probe = one["payments"].with_columns(event_id=pl.lit("probe"), event_time=pl.lit(START + 6 * DAY))
    scoring = stage(correctable_ms=10 * DAY)
    tables = {"payments": pl.concat([one["payments"], probe]), "verdicts": rows}
    batch = aligned(SPACE, tables, START + 7 * DAY)
    scoring.advance(batch, features(batch))
    return scoring.model.frauds, scoring.model.genuine  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("why", "verdicts", "learnt"),
    [
        ("no verdict within the horizon is genuine", [], (0, 1)),
        ("a verdict in time is the only label", [(24, "fraud")], (1, 0)),
        ("at the instant it falls due, the verdict comes first", [(48, "fraud")], (1, 0)),
        ("a later verdict corrects", [(72, "fraud")], (1, 1)),
        ("a correction is learnt once", [(72, "fraud"), (80, "false_alarm"), (90, "fraud")], (1, 1)),
        ("the same verdict twice is one", [(24, "fraud"), (30, "fraud")], (1, 0)),
        ("unsure says nothing", [(24, "unsure")], (0, 1)),
    ],
)
def test_labels(why: str, verdicts: list[tuple[int, str]], learnt: tuple[int, int]) -> None:
    """What is learnt of one payment, by what was said of it and when."""
    assert taught(*verdicts) == learnt, why


def trained(dear: float) -> Artifact:
    """A model of a line that calls payments above an amount fraud."""
    number = len(Champion().inputs)
    line = Line(
        means=(dear, *[0.0] * (number - 1)),
        deviations=(1.0,) * number,
        weights=(1.0, *[0.0] * (number - 1)),
        intercept=0.0,
    )
    return Artifact(
        view="payment_risk",
        algorithm="logistic",
        seed=1,
        inputs=Champion().inputs,
        parameters={},
        line=line,
        past=[(day, [0.2, 0.4]) for day in range(100, 107)],
        card=Card(
            dataset="",
            dataset_hash="",
            since_ms=0,
            until_ms=1,
            labels_known_until_ms=1,
            rows=1,
            frauds=1,
            code_version="",
            libraries={},
        ),
    )


def with_changes(*changes: tuple[int, str | None]) -> Tables:
    """Payments and verdicts, and changes of the model at some minutes."""
    rows = [
        {
            "event_id": f"change{n}",
            "event_time": START + at * MINUTE,
            "entity": "model",
            "id": "payment_risk",
            "artifact": artifact,
        }
        for n, (at, artifact) in enumerate(changes)
    ]
    kinds = {"event_id": pl.String, "event_time": pl.Int64, "entity": pl.String, "id": pl.String, "artifact": pl.String}
    return made() | {"reference": pl.DataFrame(rows, kinds)}


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    """A folder for trained models."""
    return ModelFolder(tmp_path, bytes(16))


def test_a_promoted_model_scores_from_its_event_time_on(folder: ModelFolder) -> None:
    """Not a row earlier or later, however rows are cut and whether it was restarted; its name stands in each score."""
    name = folder.save(trained(200.0))
    at, back = 5 * 24 * 60 + 7, 8 * 24 * 60
    tables = with_changes((at, name), (back, None))
    whole = run([], tables=tables, folder=folder)
    by = {score.event_id: score.model_hash for score in whole[0]}
    times = dict(tables["payments"].select("event_id", "event_time").iter_rows())

    begin, end = START + at * MINUTE, START + back * MINUTE
    assert {by[n] for n, time in times.items() if begin <= time < end} == {name}
    assert name not in {by[n] for n, time in times.items() if not begin <= time < end}
    for cuts, restart in (([at, at + 1, at + 500, back], None), ([at - 3, at + 9, at + 2000], 2), ([back + 5], 1)):
        assert run(cuts, tables=tables, folder=folder, restart=restart) == whole

    before = run([], tables=made())
    changed = {score.event_id for score, was in zip(whole[0], before[0], strict=True) if score != was}
    assert changed == {n for n, time in times.items() if begin <= time < end}, "taken back, the own model goes on"


def test_a_promoted_model_alerts_by_its_own_past(folder: ModelFolder) -> None:
    """The day on which it comes has thresholds, and no more alerts than its budget."""
    name = folder.save(trained(200.0))
    _, alerts = run([], tables=with_changes((5 * 24 * 60, name)), folder=folder)
    opened = [alert for alert in alerts if alert.revision == 1 and alert.state == "open"]
    first = [alert for alert in opened if alert.event_time // DAY == START // DAY + 5]

    assert first, "a day without alerts would be a gift"
    assert all((alert.features["amount"] or 0) >= 300 for alert in first)
    warnings = [alert.event_time // DAY for alert in opened if alert.severity == "warning"]
    assert max(map(warnings.count, warnings)) <= 2


def test_a_model_that_is_not_here_ends_the_line(folder: ModelFolder) -> None:
    """Going on with another one would say something else than the replay."""
    with pytest.raises(StoreError, match="copy it from where it was trained"):
        run([], tables=with_changes((5 * 24 * 60, "0123456789abcdef")), folder=folder)
