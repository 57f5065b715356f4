"""Challengers beside the champion: they score the same events, alert on nothing, and hold nobody up."""

import os
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.artifact import Artifact
from services.lab.comparison import compare, sentence
from services.lab.registry import challenge, load_model, register, retire
from services.lab.shadow import Beside, Challenger, score_beside
from services.stores import open_store
from tests.services.lab.test_lab import DAYS, SETTINGS, asked, run
from tests.streams.test_score import trained
from tollwatch.config import Settings
from tollwatch.errors import InputError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with weeks of scored payments."""
    folder = tmp_path_factory.mktemp("shadow")
    run(folder / "data", folder, 0, DAYS)
    return folder / "data"


def turned(artifact: Artifact) -> Artifact:
    """A model that calls the cheap ones fraud."""
    assert artifact.line is not None
    line = msgspec.structs.replace(artifact.line, weights=(-1.0, *artifact.line.weights[1:]))
    return msgspec.structs.replace(artifact, line=line)


def beside(data: Path) -> dict[str, int]:
    """One pass of all challengers."""
    store = open_store(data, SETTINGS)
    try:
        return score_beside(store, data, SETTINGS)
    finally:
        store.close()


def test_a_better_one_wins_and_a_worse_one_loses(data: Path) -> None:
    """Every event that the champion scored is scored once, by what it saw; no alert comes of it."""
    before = asked(data, "SELECT count() AS n FROM alert FINAL")["n"][0]
    good = register(trained(200.0), "payment_risk", data, SETTINGS, by="ann")
    bad = register(turned(trained(200.0)), "payment_risk", data, SETTINGS, by="ann")
    for name in (good, bad):
        with pytest.raises(InputError, match="models challenge"):
            compare(name, data, SETTINGS)
        challenge(name, data, SETTINGS, by="ann")

    assert beside(data) == {good: DAYS * 90, bad: DAYS * 90}
    assert beside(data) == {good: 0, bad: 0}, "what was scored is not scored again"
    rows = asked(
        data,
        "SELECT s.features['amount'] AS amount, c.score AS score, c.artifact AS artifact "
        "FROM challenger_score AS c FINAL JOIN score AS s FINAL ON s.event_id = c.event_id ORDER BY amount",
    )
    scores = rows.filter(artifact=good)["score"].to_list()
    assert scores == sorted(scores)
    assert rows.filter(artifact=bad)["score"].to_list() == sorted(rows.filter(artifact=bad)["score"], reverse=True)
    assert asked(data, "SELECT count() AS n FROM alert FINAL")["n"][0] == before

    better, worse = compare(good, data, SETTINGS), compare(bad, data, SETTINGS)
    assert better.contest.decision == "challenger"
    assert "Decided: the challenger catches more" in sentence(better)
    assert worse.contest.decision == "champion"
    assert better.challenger["average_precision"] > 0.95 > worse.challenger["average_precision"]
    assert sum(day["frauds"] for day in better.days) > 50
    same = compare(good, data, SETTINGS, error=1e-9)
    assert same.contest.decision == "open"
    assert "Not decided" in sentence(same)


def test_the_next_run_lets_them_score_and_one_that_fails_is_left_out(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its file is damaged: the others score, the run ends well, the log names it."""
    broken = register(trained(150.0), "payment_risk", data, SETTINGS, by="ann")
    fine = register(trained(100.0), "payment_risk", data, SETTINGS, by="ann")
    for name in (broken, fine):
        challenge(name, data, SETTINGS, by="ann")
    (data / "models" / f"{broken}.model").write_bytes(b"torn")
    run(data, data.parent, DAYS, 1)
    counts = dict(asked(data, "SELECT artifact, count() AS n FROM challenger_score FINAL GROUP BY artifact").rows())
    assert counts[fine] == (DAYS + 1) * 90
    assert broken not in counts
    assert f"challenger {broken} of payment_risk did not score" in caplog.text
    retire(fine, data, SETTINGS, by="ann")
    assert fine not in beside(data)
    assert load_model(fine, data, SETTINGS).ready()


def stalls(challenger: Challenger, settings: Settings) -> None:
    """Takes for ever."""
    del challenger, settings
    time.sleep(600)


def crashes(challenger: Challenger, settings: Settings) -> None:
    """Ends the process without a word."""
    del challenger, settings
    os._exit(3)


@pytest.mark.parametrize(
    ("target", "longest_s", "why"), [(stalls, 1.0, "took longer than 1 s"), (crashes, 60.0, "exit code 3")]
)
def test_one_that_stalls_or_crashes_holds_nobody_up(
    target: Any, longest_s: float, why: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking them to go on returns at once; who takes too long is ended and named."""
    one = [Challenger(detector="payment_risk", artifact="0" * 16, challenged_at=0)]
    monkeypatch.setattr("services.lab.shadow.challengers", lambda *_: one)
    own = msgspec.structs.replace(SETTINGS, models=str(data / "models"))
    processes = Beside(own, longest_s=longest_s, target=target)
    try:
        deadline = time.monotonic() + 50
        while not processes.failed and time.monotonic() < deadline:
            began = time.monotonic()
            processes.go_on()
            assert time.monotonic() - began < 6, "whoever asks goes on with other work"
            time.sleep(0.1)
        assert why in processes.failed["0" * 16]
    finally:
        processes.stop()
