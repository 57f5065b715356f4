"""The fraud-detection handbook's protocol on its simulated card payments: its features, its weeks, its models.

Le Borgne, Siblini, Lebichot and Bontempi, "Reproducible Machine Learning for Credit Card Fraud Detection" (2022),
chapter 3: trained on 2018-07-25 to 07-31, labels known seven days later, tested on 08-08 to 08-14.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from models.contract import Numbers
from replay.cards import DAY_MS, TEST_DAYS, TEST_MS, card_precision
from tollwatch.errors import InputError

DAYS = (1, 7, 30)
DELAY_DAYS = 7
TRAIN = (datetime(2018, 7, 25), datetime(2018, 8, 1))  # noqa: DTZ001 (the handbook's times have no zone)
WARM = timedelta(days=40)
SATURDAY, LAST_HOUR_OF_NIGHT = 6, 6
PUBLISHED = {
    "logistic regression": (0.871, 0.606, 0.291),
    "decision tree, depth 2": (0.763, 0.496, 0.241),
    "random forest": (0.867, 0.658, 0.287),
}
"""AUC, AP and CP@100 as the handbook's chapter 3 prints them."""
MODELS: dict[str, Callable[[int], Any]] = {
    "logistic regression": lambda seed: make_pipeline(StandardScaler(), LogisticRegression(random_state=seed)),
    "decision tree, depth 2": lambda seed: make_pipeline(
        StandardScaler(), DecisionTreeClassifier(max_depth=2, random_state=seed)
    ),
    "random forest": lambda seed: make_pipeline(StandardScaler(), RandomForestClassifier(n_jobs=1, random_state=seed)),
}


def transactions(path: Path) -> pl.DataFrame:
    """The handbook's transactions. Raises InputError where the file is missing."""
    if not path.exists():
        raise InputError(f"{path}: there is no such file; give the handbook's transactions as Parquet")
    return pl.read_parquet(path)


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """The handbook's fifteen features, as its chapter 3 makes them.

    A window of a card holds its payments of the last days and the one at hand. A window of a terminal ends seven days
    earlier: what was fraud is known by then.
    """
    made = rows.sort("TX_DATETIME", "TRANSACTION_ID").with_columns(
        one=pl.lit(1.0),
        fraud=pl.col("TX_FRAUD").cast(pl.Float64),
        TX_DURING_WEEKEND=(pl.col("TX_DATETIME").dt.weekday() >= SATURDAY).cast(pl.Float64),
        TX_DURING_NIGHT=(pl.col("TX_DATETIME").dt.hour() <= LAST_HOUR_OF_NIGHT).cast(pl.Float64),
    )
    card = {
        f"CUSTOMER_ID_{name}_{days}DAY_WINDOW": _rolled(column, days, "CUSTOMER_ID")
        for days in DAYS
        for name, column in (("NB_TX", "one"), ("SUM_AMOUNT", "TX_AMOUNT"))
    }
    terminal = {
        f"{column}_{days}": _rolled(column, days, "TERMINAL_ID")
        for days in (DELAY_DAYS, *(DELAY_DAYS + days for days in DAYS))
        for column in ("one", "fraud")
    }
    made = made.with_columns(**card, **terminal)
    ratios = {}
    for days in DAYS:
        window, before = f"{days}DAY_WINDOW", DELAY_DAYS + days
        number = pl.col(f"one_{before}") - pl.col(f"one_{DELAY_DAYS}")
        frauds = pl.col(f"fraud_{before}") - pl.col(f"fraud_{DELAY_DAYS}")
        amounts, payments = pl.col(f"CUSTOMER_ID_SUM_AMOUNT_{window}"), pl.col(f"CUSTOMER_ID_NB_TX_{window}")
        ratios[f"CUSTOMER_ID_AVG_AMOUNT_{window}"] = amounts / payments
        ratios[f"TERMINAL_ID_NB_TX_{window}"] = number
        ratios[f"TERMINAL_ID_RISK_{window}"] = pl.when(number > 0).then(frauds / number).otherwise(0.0)
    return made.with_columns(**ratios)


def _rolled(column: str, days: int, key: str) -> pl.Expr:
    return pl.col(column).rolling_sum_by("TX_DATETIME", f"{days}d").over(key)


def inputs() -> list[str]:
    """The names of the fifteen."""
    windows = [
        f"{key}_ID_{what}_{days}DAY_WINDOW"
        for key, kinds in (("CUSTOMER", ("NB_TX", "AVG_AMOUNT")), ("TERMINAL", ("NB_TX", "RISK")))
        for days in DAYS
        for what in kinds
    ]
    return ["TX_AMOUNT", "TX_DURING_WEEKEND", "TX_DURING_NIGHT", *windows]


def split(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The training week, and the test week without cards of which a fraud was known before the day."""
    train = rows.filter(pl.col("TX_DATETIME").is_between(*TRAIN, closed="left"))
    known = set(train.filter(pl.col("TX_FRAUD") == 1)["CUSTOMER_ID"])
    first = datetime(2018, 8, 8)  # noqa: DTZ001
    parts = []
    for day in range(TEST_DAYS):
        begin = first + timedelta(days=day)
        today = rows.filter(pl.col("TX_DATETIME").is_between(begin, begin + timedelta(days=1), closed="left"))
        told = begin - timedelta(days=DELAY_DAYS + 1)
        new = rows.filter(pl.col("TX_DATETIME").is_between(told, told + timedelta(days=1), closed="left"))
        if day:
            known |= set(new.filter(pl.col("TX_FRAUD") == 1)["CUSTOMER_ID"])
        parts.append(today.filter(~pl.col("CUSTOMER_ID").is_in(list(known))))
    return train, pl.concat(parts)


def ranked(test: pl.DataFrame, scores: Numbers) -> tuple[float, float, float]:
    """AUC, average precision and CP@100 of scores of the test week."""
    fraud = test["TX_FRAUD"].to_numpy()
    rows = test.select(
        day=(pl.col("TX_DATETIME").dt.epoch("ms") - TEST_MS) // DAY_MS,
        fraud=pl.col("TX_FRAUD") == 1,
        card_fingerprint=pl.col("CUSTOMER_ID").cast(pl.String),
        score=pl.Series(scores),
    )
    return float(roc_auc_score(fraud, scores)), float(average_precision_score(fraud, scores)), card_precision(rows)


def reproduce(path: Path, *, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """AUC, AP and CP@100 of the handbook's models, trained and tested as it says."""
    rows = features(transactions(path).filter(pl.col("TX_DATETIME") >= TRAIN[0] - WARM))
    train, test = split(rows)
    columns = inputs()
    found = {}
    for name, make in MODELS.items():
        fitted = make(seed).fit(train.select(columns).to_numpy(), train["TX_FRAUD"].to_numpy())
        scores = fitted.predict_proba(test.select(columns).to_numpy())[:, 1]
        found[name] = ranked(test, scores)
    return found
