"""In which order alerts are worth looking at: expected loss avoided per minute of work.

    rank = P(fraud) × loss that acting now avoids ÷ minutes that one alert takes

P(fraud) is the share of fraud among the verdicts on alerts of the same detector and severity, (frauds + 1) ÷
(verdicts + 2), Laplace's rule of succession: one half where nobody has judged any. The loss avoided is the money at
risk; while the episode is open, also what it is going to cost at its own pace within the next `HORIZON_H` hours.
Minutes are the median from first look to verdict of the detector's alerts, `MINUTES` where fewer than `ENOUGH` were
measured.
"""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

HORIZON_H = 24
MINUTES = 5.0
ENOUGH = 5
LONGEST_MIN = 60.0
"""Who looks at an alert for longer has gone away."""
UNKNOWN_MICROS = 10_000_000
"""Money at risk of an alert that tells none, where no alert of its detector tells any."""
HOUR_MS = 3_600_000


class Experience(NamedTuple):
    """What verdicts have said of a detector's alerts of one severity, and how long one takes."""

    frauds: int = 0
    verdicts: int = 0
    minutes: float | None = None


def ranked(alerts: pl.DataFrame, known: Mapping[tuple[str, str], Experience]) -> pl.DataFrame:
    """The alerts with `probability`, `avoided_micros`, `minutes` and `rank` (money millionths a minute), best first.

    `own_micros` is the money at risk in the operator's currency, null where it is not known: the median of the
    detector's others stands for it then, and `estimated` says so.
    """
    typical = pl.col("own_micros").median().over("detector").fill_null(UNKNOWN_MICROS)
    at_risk = pl.col("own_micros").fill_null(typical).cast(pl.Float64)
    hours = ((pl.col("event_time") - pl.col("episode_start")) / HOUR_MS).clip(1.0)
    going_on = pl.col("state").is_in(["open", "escalated"])
    coming = pl.when(going_on).then(at_risk / hours * HORIZON_H).otherwise(0.0)
    experience = pl.DataFrame(
        [(detector, severity, *_figures(each)) for (detector, severity), each in known.items()],
        schema={"detector": pl.String, "severity": pl.String, "probability": pl.Float64, "minutes": pl.Float64},
        orient="row",
    )
    return (
        alerts.join(experience, on=["detector", "severity"], how="left", maintain_order="left")
        .with_columns(
            pl.col("probability").fill_null(0.5),
            pl.col("minutes").fill_null(MINUTES),
            estimated=pl.col("own_micros").is_null(),
            at_risk_micros=at_risk,
            avoided_micros=at_risk + coming,
        )
        .with_columns(rank=pl.col("probability") * pl.col("avoided_micros") / pl.col("minutes"))
        .sort("rank", "event_time", "alert_id", descending=[True, True, False])
    )


def _figures(known: Experience) -> tuple[float, float]:
    """Probability of fraud and minutes of work.

    >>> _figures(Experience(frauds=8, verdicts=10, minutes=3.5)), _figures(Experience())
    ((0.75, 3.5), (0.5, 5.0))
    """
    return (known.frauds + 1) / (known.verdicts + 2), known.minutes or MINUTES
