"""Payment risk on public simulated card payments: ranked as the fraud-detection handbook ranks, through our own line.

`python -m replay.cards TRANSACTIONS.parquet` prints the figures. Labels come seven days after the payment; the test
days are 2018-08-08 to 08-14; cards with a fraud known before the test day (from 2018-07-25 on) are left out. CP@100
is the mean over the days of the share of compromised cards among the 100 cards ranked highest, those that were caught
on an earlier day left out.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import msgspec
import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score, roc_auc_score

from detectors.engine import Engine
from detectors.fraud.payment_risk import PaymentRisk
from detectors.plan import KeySpaceRules, rules_by_key_space
from models.contract import Scorer
from streams.score import Scoring
from streams.score_space import scoring_key_space
from streams.shard import KEY
from tollwatch.columns import schema
from tollwatch.errors import InputError
from tollwatch.frames import Aligned, KeySpace
from tollwatch.identity import Hasher

HASHER = Hasher()
DAY_MS = 86_400_000
DELAY_MS = 7 * DAY_MS
START_MS = 1_529_280_000_000  # 2018-06-18: 51 days of warm start
KNOWN_SINCE_MS = 1_532_476_800_000  # 2018-07-25
TEST_MS = 1_533_686_400_000  # 2018-08-08
TEST_DAYS = 7
TOP = 100
HISTORY_MS = 37 * DAY_MS  # windows of 30 days, 7 days late
BATCH_MS = 6 * 3_600_000


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What the proof gives: CPU microseconds per payment, bytes of one payment that waits for its label."""

    rows: int
    frauds: int
    auc: float
    ap: float
    cp_at_100: float
    alerts: int
    alerts_on_fraud: int
    engine_us: float
    scoring_us: float
    pending: int
    pending_bytes: int
    snapshot_bytes: int


def events(path: Path, *, start_ms: int = START_MS) -> dict[str, pl.DataFrame]:
    """The payments, and the verdicts that come seven days after the fraudulent ones, in our own words."""
    if not path.exists():
        raise InputError(f"{path}: there is no such file; give the handbook's transactions as Parquet")
    rows = pl.read_parquet(path).with_columns(
        event_id=pl.col("TRANSACTION_ID").cast(pl.String).str.zfill(9), event_time=pl.col("TX_DATETIME").dt.epoch("ms")
    )
    rows = rows.filter(pl.col("event_time") >= start_ms - HISTORY_MS)
    payments = rows.select(
        "event_id",
        "event_time",
        payment_id="event_id",
        kind=pl.lit("payment"),
        state=pl.lit("settled"),
        hop=pl.lit("gateway"),
        amount_micros=(pl.col("TX_AMOUNT") * 1e6).round().cast(pl.Int64),
        currency=pl.lit("EUR"),
        card_fingerprint=pl.col("CUSTOMER_ID").cast(pl.String),
        terminal_id=pl.col("TERMINAL_ID").cast(pl.String),
        method=pl.lit("card"),
        fraud=pl.col("TX_FRAUD") == 1,
    )
    verdicts = payments.filter("fraud").select(
        "card_fingerprint",
        "terminal_id",
        event_id="v" + pl.col("event_id"),
        event_time=pl.col("event_time") + DELAY_MS,
        verdict=pl.lit("fraud"),
        refers_to="event_id",
    )
    return {"payments": payments, "verdicts": verdicts}


def aligned(space: KeySpace, tables: dict[str, pl.DataFrame], watermark: int) -> Aligned:
    """The rows of one stretch of time as alignment gives them."""
    order = ("event_time", "event_id")
    given, kept = {}, []
    there = {stream: columns for stream, columns in space.columns.items() if stream in tables}
    for number, (stream, columns) in enumerate(there.items()):
        kinds = schema(stream)
        absent = {name: pl.lit(None, kinds[name]) for name in columns if name not in tables[stream].columns}
        by = space.by.get(stream)
        table = tables[stream].with_columns(**absent)
        key = HASHER.texts(table[by], KEY) if by else np.zeros(len(table), np.uint64)
        ids = HASHER.texts(table["event_id"], f"id of {stream}")
        table = table.with_columns(_id=pl.Series(ids), _key=pl.Series(key)).sort(order)
        given[stream] = table.select(*columns, "_id", "_key")
        kept.append(given[stream].select(*order, "_id", "_key", stream=pl.lit(number), row=pl.int_range(pl.len())))
    merged = pl.concat(kept).sort(order).with_columns(at=pl.int_range(pl.len()))
    position = {
        stream: merged.filter(pl.col("stream") == number)["at"].to_numpy() for number, stream in enumerate(given)
    }
    keys = merged["_key"].to_numpy()
    shards = (keys >> np.uint64(58)).astype(np.uint8)
    late = np.zeros(len(merged), np.bool_)
    ids, times = merged["_id"].to_numpy(), merged["event_time"].to_numpy()
    nowhere, n = np.zeros(len(merged), np.int32), np.arange(len(merged))
    return Aligned(given, position, times, keys, ids, shards, late, nowhere, n, watermark, ("cards",))


def stretches(tables: dict[str, pl.DataFrame]) -> Iterator[tuple[int, dict[str, pl.DataFrame]]]:
    """Six hours of event time after another, each with the watermark behind it."""
    first, last = tables["payments"]["event_time"].min(), tables["payments"]["event_time"].max()
    assert isinstance(first, int)
    assert isinstance(last, int)
    ordered = {stream: table.sort("event_time") for stream, table in tables.items()}
    for start in range(first // BATCH_MS * BATCH_MS, last + 1, BATCH_MS):
        end = start + BATCH_MS
        yield (
            end,
            {
                stream: table.slice(
                    at := int(table["event_time"].search_sorted(start)),
                    int(table["event_time"].search_sorted(end)) - at,
                )
                for stream, table in ordered.items()
            },
        )


class CardsReplay:
    """The engines of both keys, and the scoring behind them; only payments from `start_ms` on are scored."""

    def __init__(self, *, start_ms: int = START_MS, model: Scorer | None = None) -> None:
        declared = PaymentRisk()
        self.parts: list[KeySpaceRules] = list(rules_by_key_space([], [declared]).values())
        self.engines = [Engine(part.key_space, part.rules, part.models) for part in self.parts]
        self.scoring = Scoring(declared, label_horizon_ms=DELAY_MS, model=model)
        self.own = scoring_key_space(declared)
        self.start_ms = start_ms
        self.engine_s = self.scoring_s = 0.0
        self.scores: list[tuple[str, float]] = []
        self.alerts: dict[str, str] = {}

    def take(self, watermark: int, tables: dict[str, pl.DataFrame]) -> None:
        """One stretch of time through the line."""
        features = []
        keyed = [aligned(part.key_space, tables, watermark) for part in self.parts]
        before = process_time()
        for engine, rows in zip(self.engines, keyed, strict=True):
            features += engine.advance(rows).features.get("payment_risk", [])
        self.engine_s += process_time() - before
        if watermark <= self.start_ms:
            return
        own = aligned(self.own, tables, watermark)
        before = process_time()
        found = self.scoring.advance(own, features)
        self.scoring_s += process_time() - before
        self.scores += [(score.event_id, score.score) for score in found.all_scores()]
        self.alerts |= {alert.alert_id: alert.subject for alert in found.alerts if alert.state != "suppressed"}


def ranked(payments: pl.DataFrame, scores: list[tuple[str, float]]) -> pl.DataFrame:
    """The scored payments of the test days, cards with a fraud already known left out day by day."""
    table = payments.join(pl.DataFrame(scores, schema=["event_id", "score"], orient="row"), on="event_id")
    table = table.with_columns(day=(pl.col("event_time") - TEST_MS) // DAY_MS)
    frauds = payments.filter(pl.col("fraud") & (pl.col("event_time") >= KNOWN_SINCE_MS))
    known = frauds.group_by("card_fingerprint").agg(since=pl.col("event_time").min() + DELAY_MS)
    table = table.filter(pl.col("day").is_between(0, TEST_DAYS - 1)).join(known, on="card_fingerprint", how="left")
    return table.filter(pl.col("since").is_null() | (pl.col("since") >= TEST_MS + pl.col("day") * DAY_MS))


def average_precision(rows: pl.DataFrame) -> float:
    """Area under precision and recall, as steps; equal scores count as one step."""
    return float(average_precision_score(rows["fraud"].to_numpy(), rows["score"].to_numpy()))


def area_under_curve(rows: pl.DataFrame) -> float:
    """The chance that a fraud ranks above a genuine payment."""
    return float(roc_auc_score(rows["fraud"].to_numpy(), rows["score"].to_numpy()))


def card_precision(rows: pl.DataFrame) -> float:
    """CP@100, averaged over the days."""
    caught: set[str] = set()
    shares = []
    for day in range(TEST_DAYS):
        today = rows.filter((pl.col("day") == day) & ~pl.col("card_fingerprint").is_in(list(caught)))
        cards = today.group_by("card_fingerprint").agg(pl.col("score").max(), pl.col("fraud").any())
        top = cards.sort(["score", "card_fingerprint"], descending=[True, False]).head(TOP)
        compromised = top.filter("fraud")["card_fingerprint"].to_list()
        caught.update(compromised)
        shares.append(len(compromised) / TOP)
    return sum(shares) / len(shares)


def prove(path: Path, *, start_ms: int = START_MS, model: Scorer | None = None) -> Figures:
    """Run the payments through the line and rank what it said; `model` in place of the champion."""
    tables, replay = events(path, start_ms=start_ms), CardsReplay(start_ms=start_ms, model=model)
    for watermark, stretch in stretches(tables):
        replay.take(watermark, stretch)
    rows = ranked(tables["payments"], replay.scores)
    bad = set(tables["payments"].filter("fraud")["card_fingerprint"])
    scored, scoring = len(replay.scores), replay.scoring
    return Figures(
        rows=len(rows),
        frauds=int(rows["fraud"].sum()),
        auc=round(area_under_curve(rows), 3),
        ap=round(average_precision(rows), 3),
        cp_at_100=round(card_precision(rows), 3),
        alerts=len(replay.alerts),
        alerts_on_fraud=sum(subject in bad for subject in replay.alerts.values()),
        engine_us=round(replay.engine_s / len(tables["payments"]) * 1e6, 1),
        scoring_us=round(replay.scoring_s / scored * 1e6, 1),
        pending=len(scoring.pending),
        pending_bytes=scoring.pending.bytes_per_row,
        snapshot_bytes=sum(len(bytes(segment)) for segment in scoring.save().values()),
    )


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(prove(Path(sys.argv[1])))).decode() + "\n")
