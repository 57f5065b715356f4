"""Kafka behind a name and a password (SCRAM), on the real broker."""

from pathlib import Path

import pytest

from services.servers.kafka import Kafka
from tests.live.rig import SERVERS, need_servers, run


def test_scram(tmp_path: Path) -> None:
    """With the password topics are made; with a wrong one, or none, a sentence says so and names no password."""
    need_servers()
    kafka = Kafka(SERVERS, tmp_path / "kafka", scram=[("watch", "right-secret")])
    kafka.start()
    try:
        env = {
            "TOLLWATCH_KAFKA__SERVERS": kafka.servers,
            "TOLLWATCH_KAFKA__USERNAME": "watch",
            "TOLLWATCH_KAFKA__PASSWORD": "right-secret",
        }
        assert "usage: made" in run("topics", "create", env=env).stdout
        assert run("topics", "check", env=env).stdout == "all topics are there\n"
        file = tmp_path / "usage.ndjson"
        file.write_text(
            '{"event_id":"e","event_time":1767225600000,"service":"voice","record_type":"originating"}\n', "utf-8"
        )
        assert run("publish", "--usage", file, env=env).stdout.startswith("1 records")
        wrong = run("topics", "check", env=env | {"TOLLWATCH_KAFKA__PASSWORD": "wrong-secret"}, check=False)
        assert wrong.returncode == 5
        assert "the name or the password is wrong" in wrong.stderr
        assert "secret" not in wrong.stderr.splitlines()[-1]
    finally:
        kafka.kill()


def test_replication_needs_brokers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More replicas than brokers is said in one sentence."""
    need_servers()
    monkeypatch.chdir(tmp_path)
    kafka = Kafka(SERVERS, tmp_path / "kafka")
    kafka.start()
    try:
        env = {"TOLLWATCH_KAFKA__SERVERS": kafka.servers, "TOLLWATCH_KAFKA__REPLICATION": "3"}
        said = run("topics", "create", env=env, check=False)
        assert said.returncode == 5
        assert "replication" in said.stderr.lower()
        assert len(said.stderr.splitlines()) == 1
    finally:
        kafka.kill()
