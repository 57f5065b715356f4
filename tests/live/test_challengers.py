"""Challengers on a real Kafka and a real ClickHouse: whatever one does, the champion's alerts are the same bytes."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.artifact import Artifact
from models.payment_risk import PaymentRisk
from models.trees import Trees
from services.keys import folder_of, with_key
from services.lab.registry import challenge, register
from store import ServerStore
from tests.live.rig import Input, Installation, Servers, listing, need_servers, said_by, simulated
from tests.live.trained import of_line
from tollwatch.config import load_settings

STEPS, WALKS = 1_000_000, 20_000


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """One Kafka, one ClickHouse."""
    need_servers()
    made = Servers.start(tmp_path_factory.mktemp("servers"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Input:
    """A small operator."""
    need_servers()
    return simulated(tmp_path_factory.mktemp("days"), subscribers=1000, days=3, seed=7)


def of_an_endless_walk() -> Artifact:
    """A sound model that takes hours for each row: a chain of nodes that is walked again and again."""
    following = np.append(np.arange(1, STEPS), -1)
    arrays = {
        "feature": np.zeros(STEPS),
        "threshold": np.zeros(STEPS),
        "left": following,
        "right": following,
        "value": np.zeros(STEPS),
        "roots": np.zeros(WALKS),
    }
    trees = Trees("mean", len(PaymentRisk.inputs), arrays, 0.0, float(WALKS))
    return msgspec.structs.replace(of_line(1.0), line=None, algorithm="forest", trees=trees.save())


def scored(at: Installation) -> dict[str, int]:
    """How many events the champion scored, and each challenger, by its hash."""
    store = ServerStore(at.env["TOLLWATCH_CLICKHOUSE"])
    own = store.query("SELECT artifact, count() AS n FROM challenger_score FINAL GROUP BY artifact")
    champion = int(store.query("SELECT count() AS n FROM score FINAL WHERE model = 'payment_risk'").item())
    store.close()
    return {"champion": champion, **dict(own.iter_rows())}


def test_challengers_that_stall_or_are_damaged_hold_up_nothing(
    servers: Servers, days: Input, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One walks its tree for hours, the file of another is damaged, a third does its work beside them."""
    folder = tmp_path_factory.mktemp("challenged")
    with Installation(servers, "challenged", folder, controls_every_s=2, controls_share=0.5) as at:
        asked = load_settings(env=at.env)
        settings = with_key(asked, folder_of(None, asked))
        made = {"works": of_line(1.0), "damaged": of_line(0.5), "stalls": of_an_endless_walk()}
        names = {how: register(each, "payment_risk", None, settings, by="anna") for how, each in made.items()}
        for name in names.values():
            challenge(name, None, settings, by="anna")
        damage(settings.models, names["damaged"])
        at.worker()
        at.worker()
        at.publish(days, "--close")
        at.published()
        until, counts = time.monotonic() + 300, scored(at)
        while time.monotonic() < until:
            is_done = 50 < counts["champion"] == counts.get(names["works"])
            if is_done and listing("alerts", env=at.env) == days.found["alerts"]:
                break
            time.sleep(2)
            counts = scored(at)
        assert listing("alerts", env=at.env) == days.found["alerts"]
        assert counts == {"champion": counts["champion"], names["works"]: counts["champion"]}
        assert counts["champion"] > 50
        assert f"challenger {names['damaged']} ended with exit code 1" in " ".join(said_by(at.workers))


def damage(folder: str | None, name: str) -> None:
    """Cut the last byte off a model's file."""
    assert folder is not None
    (file,) = Path(folder).glob(f"{name}*")
    file.write_bytes(file.read_bytes()[:-1])
