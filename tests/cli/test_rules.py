"""`tollwatch rules`: checked with the word that is wrong, explained, and written down as changes a run takes up."""

from pathlib import Path

import msgspec
import pytest

from tests.cli.calling import called

NAME = "rules"
RULE = """
- name: many-texts
  reads: usage
  by: calling_number
  features:
    texts: count() over 1h where service = '{service}' and duration_s = 0
  warning: texts >= 3
"""


def test_check_names_the_word(tmp_path: Path) -> None:
    """A good file runs beside the detectors; a wrong word is named with the right one."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULE.format(service="sms"), "utf-8")
    assert "1 rule can run beside" in called("rules", "check", file).out
    file.write_text(RULE.format(service="sms").replace("duration_s", "duration"), "utf-8")
    said = called("rules", "check", file)
    assert said.code == 4
    assert "did you mean `duration_s`" in said.err


def test_explain_shows_it_as_it_runs() -> None:
    """Windows, conditions and thresholds; an unknown name is answered with the nearest."""
    said = called("rules", "explain", "wangiri").out
    assert "distinct(called_number) over 0:10:00 in 10 panes" in said
    assert "warn_at = 20" in said
    assert "did you mean `wangiri`" in called("rules", "explain", "wangiry").err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "name a file, --set or --remove"),
        (("--set", "wangiri.warn_at"), "write DETECTOR.THRESHOLD=VALUE"),
        (("--set", "wangiri.warned=3"), "did you mean `warn_at`"),
        (("--set", "wangirl.warn_at=3"), "did you mean `wangiri`"),
        (("--set", "wangiri.warn_at=many"), "wangiri"),
        (("--set", "wangiri.warn_at=3", "--to", "x.ndjson"), "--to needs --at"),
    ],
)
def test_what_cannot_be_published_is_refused(words: tuple[str, ...], sentence: str) -> None:
    """Before anything is sent."""
    said = called("rules", "publish", *words)
    assert said.code == 4
    assert sentence in said.err


def test_a_run_takes_the_change_up(tmp_path: Path) -> None:
    """Four calls alert nobody; with the threshold at three from the second on, they do."""
    changes, usage = tmp_path / "changes.ndjson", tmp_path / "usage.ndjson"
    words = ("--set", "wangiri.warn_at=3", "--at", "2026-01-01T00:00:01.500Z", "--to", changes)
    made = called("rules", "publish", *words, "--data", tmp_path / "with")
    assert "1 change, from event time 1767225601500 ms on" in made.out
    call = {"service": "voice", "record_type": "originating", "calling_number": "1", "duration_s": 0, "ring_s": 1}
    rows = [
        {"event_id": f"e{n}", "event_time": 1767225600000 + 1000 * n, "called_number": str(n), **call} for n in range(4)
    ]
    usage.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    for data, words in (("without", ()), ("with", ("--reference", changes))):
        called("run", "--usage", usage, *words, "--data", tmp_path / data, "--as-of", "2026-01-02")
    listing = ("alerts", "--format", "ndjson", "--identifiers", "--all-revisions", "--data")
    assert called(*listing, tmp_path / "without").out == ""
    opened, *_ = map(msgspec.json.decode, called(*listing, tmp_path / "with").out.splitlines())
    assert (opened["event_time"], opened["thresholds"]["warn_at"]) == (1767225602000, 3)
