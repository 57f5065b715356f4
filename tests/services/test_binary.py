"""Binary files through the line: records to usage, the file to `batches`, what is wrong to quarantine and back."""

import gzip
from pathlib import Path

import msgspec
import pytest

from services.binary import open_files, row_again
from services.formats import ready
from services.quarantine import is_line, line_of
from services.suggest import suggest_mapping
from store.quarantine import Record
from streams.embedded import Run, Summary
from streams.in_memory_sink import InMemorySink
from tests.bss.mediation.files import cs_record, framed, nrtrde_call, nrtrde_file, tap_call, tap_file
from tests.fuzz.targets import AS_OF_MS, PLAN, SETTINGS
from tollwatch.errors import InputError
from tollwatch.findings import Quarantined
from tollwatch.frames import Findings


class Sink(InMemorySink):
    """Keeps what was refused, too."""

    def __init__(self) -> None:
        super().__init__()
        self.quarantined: list[Quarantined] = []

    def write(self, found: Findings) -> None:
        """Keep it."""
        super().write(found)
        self.quarantined += found.quarantined


def run(*paths: Path) -> tuple[Summary, Sink]:
    """Files of usage run through the line."""
    sink = Sink()
    line = Run(open_files({"usage": list(paths)}), PLAN, SETTINGS, as_of_ms=AS_OF_MS, store=sink)
    return line.go(), sink


def written(path: Path, data: bytes) -> Path:
    """A file with these bytes."""
    path.write_bytes(data)
    return path


def kept(refused: Quarantined) -> Record:
    """A refused record as the store gives it."""
    own = {
        name: getattr(refused, name) for name in ("stream", "partition", "position", "line", "reason", "raw", "form")
    }
    rest = {"source": None, "event_time": None, "text": "", "replayed": False, "tenant": "", "run": ""}
    return Record(quarantine_id="1", **own, **rest)


def test_a_file_becomes_usage_and_a_batch(tmp_path: Path) -> None:
    """Two calls and the row that says so; packed or not."""
    data = tap_file([tap_call(), tap_call(1)])
    plain, packed = written(tmp_path / "a", data), written(tmp_path / "b", gzip.compress(data))

    assert (run(plain)[0].events, run(packed)[0].events) == (3, 3)


def test_the_same_file_under_another_name_counts_once(tmp_path: Path) -> None:
    """Its calls and its batch are duplicates; another file of the same sequence number contradicts them."""
    calls = [tap_call(), tap_call(1)]
    first, again = written(tmp_path / "a", tap_file(calls)), written(tmp_path / "b", tap_file(calls))
    other = written(tmp_path / "c", tap_file([tap_call(5), tap_call(6)]))

    twice, _ = run(first, again)
    both, _ = run(first, other)

    assert (twice.duplicates, twice.conflicts) == (3, 0)
    assert (both.duplicates, both.conflicts) == (0, 3)


def test_a_call_in_two_cdr_files_counts_once(tmp_path: Path) -> None:
    """Switches write a file again with what it had before; the call is the same record."""
    call, more = cs_record(), cs_record(n=3)
    summary, _ = run(written(tmp_path / "a", framed([call])), written(tmp_path / "b", framed([call, more])))
    assert (summary.duplicates, summary.conflicts) == (1, 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (nrtrde_file([nrtrde_call(n) for n in range(7)], count=10), "it declares 10 records and holds 7"),
        (tap_file([tap_call()], total=1_600), "its charges sum up to 1.500 XDR, its total says 1.600"),
        (framed([cs_record()])[:-3], "declares"),
    ],
)
def test_a_file_with_wrong_totals_goes_to_quarantine_as_a_file(tmp_path: Path, data: bytes, reason: str) -> None:
    """One record, with the numbers; none of its calls and no batch is taken."""
    summary, sink = run(written(tmp_path / "file", data))

    assert (summary.events, summary.quarantined) == (0, 1)
    (refused,) = sink.quarantined
    assert reason in refused.reason
    assert "SHA-256" in refused.reason
    assert refused.raw == data


def test_records_come_in_the_order_of_their_end(tmp_path: Path) -> None:
    """A file of a day is in no order; none of its calls is late."""
    summary, _ = run(written(tmp_path / "a", tap_file([tap_call(n) for n in (300, 10, 700, 0)])))
    assert (summary.events, summary.late) == (5, 0)


def test_a_refused_record_can_be_replayed(tmp_path: Path) -> None:
    """It is kept as its file had it, and its columns are made of that again; what cannot be decoded stays."""
    calls = [nrtrde_call(), nrtrde_call(1, connected=b"abc?")]
    _, sink = run(written(tmp_path / "a", nrtrde_file(calls)))
    (refused,) = sink.quarantined
    assert (refused.line, "other_number" in refused.reason or "called_number" in refused.reason) == (2, True)
    assert refused.form is not None

    row = row_again(refused.raw, refused.form, refused.line)

    assert row is not None
    assert (row["record_number"], row["other_number"]) == (2, "abc?")
    record = kept(refused)
    assert is_line(record)
    assert b'"_row":"1"' in line_of(record)
    assert not is_line(msgspec.structs.replace(record, raw=b"\x63\x01"))


def test_a_binary_file_needs_no_mapping(tmp_path: Path) -> None:
    """Who asks for one is told so."""
    with pytest.raises(InputError, match="form nrtrde, which needs no mapping"):
        suggest_mapping(written(tmp_path / "a", nrtrde_file([nrtrde_call()])), "usage")


def test_a_file_of_another_form_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """Who names the wrong format loses nothing and is told what is wrong."""
    path = written(tmp_path / "calls.csv", b"a,b\n1,2\n" * 20)
    sink = Sink()
    sources = open_files({"usage": [path]}, [ready("tap")])
    Run(sources, PLAN, SETTINGS, as_of_ms=AS_OF_MS, store=sink).go()
    (refused,) = sink.quarantined
    assert "the whole file of 160 bytes is refused: TAP" in refused.reason
