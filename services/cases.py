"""Alerts that belong together: those of one subject, one account or one device are one case."""

import numpy as np
import polars as pl

HUBS = 1_000
"""An account with more alerts than this is a partner's or a reseller's: what shares it has nothing else in common."""


def with_cases(alerts: pl.DataFrame) -> pl.DataFrame:
    """The alerts with `case_id`: the id of the earliest alert that is joined to them, so that it stays as a case grows.

    Two alerts are joined where they have the same subject, `account_id` or `subscriber_id`, and so on from one to the
    next. Needs `alert_id`, `tenant`, `subject_kind`, `subject`, `account_id`, `subscriber_id`, `episode_start`.
    """
    if alerts.is_empty():
        return alerts.with_columns(case_id=pl.lit(None, pl.String))
    rows = alerts.with_row_index("row")
    pairs = pl.concat(
        [
            rows.select(
                "row", kind=pl.col("tenant") + "/" + pl.col("subject_kind"), key="subject", is_own=pl.lit(value=True)
            ),
            *(
                rows.filter(pl.col(name).is_not_null()).select(
                    "row", kind=pl.col("tenant") + pl.lit(f"/{name}"), key=name, is_own=pl.lit(value=False)
                )
                for name in ("account_id", "subscriber_id")
            ),
        ]
    )
    joined = pairs.with_columns(
        first=pl.col("row").first().over("kind", "key"), many=pl.len().over("kind", "key")
    ).filter(pl.col("is_own") | (pl.col("many") <= HUBS))
    size = len(alerts)
    ends = joined["row"].to_numpy(), joined["first"].to_numpy()
    from scipy.sparse import coo_matrix  # noqa: PLC0415  (only cases need them, and every command would wait)
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    graph = coo_matrix((np.ones(len(joined), np.int8), ends), shape=(size, size))
    _, labels = connected_components(graph, directed=False)
    labelled = alerts.with_columns(_case=pl.Series(labels))
    names = labelled.group_by("_case").agg(case_id=pl.col("alert_id").sort_by("episode_start", "alert_id").first())
    return labelled.join(names, on="_case", how="left", maintain_order="left").drop("_case")
