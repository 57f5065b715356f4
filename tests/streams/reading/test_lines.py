"""Bytes become whole lines, whatever is wrong with the file."""

import gzip
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.reading import lines
from streams.reading.lines import chunks
from tests.streams.reading.files import read, write
from tollwatch.errors import InputError

GOOD = '{"event_id":"%d","event_time":%d,"service":"voice"}'


@settings(max_examples=60)
@given(st.lists(st.integers(0, 60), max_size=20), st.integers(1, 40), st.booleans())
def test_no_byte_is_lost(sizes: list[int], block: int, ended: bool) -> None:
    """However the blocks cut the lines: all lines come once, long ones refused with their size."""
    text = b"\n".join(bytes([97 + n % 26]) * size for n, size in enumerate(sizes)) + (b"\n" if ended else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "CHUNK", block)
        patch.setattr(lines, "MAX_RECORD", 50)
        patch.setattr(lines, "open_bytes", lambda _: io.BytesIO(text))
        found, refused = b"", 0
        for chunk, reason in chunks(Path("x")):
            found += b"" if reason else chunk
            refused += bool(reason)
    kept = [line for line in text.splitlines(keepends=True) if len(line) <= 50 or line in found]
    assert found == b"".join(kept)
    assert refused == len(text.splitlines()) - len(kept)


def test_a_line_of_fifty_megabytes(tmp_path: Path) -> None:
    """It is refused with its size and hash, its beginning kept, and what stands around it is read."""
    path = write(tmp_path / "usage.ndjson", GOOD % (1, 1), b"{" + b"x" * 50_000_000, GOOD % (2, 2))
    rows, refused = read(path)
    assert [(row["event_id"], row["_offset"]) for row in rows] == [("1", 0), ("2", 2)]
    assert refused[0].position == 1
    assert "50000002 bytes, more than 1048576" in refused[0].reason
    assert len(refused[0].raw) == 65_536


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_file(tmp_path: Path, suffix: str) -> None:
    """What came before the damage is taken; the sentence says where it is and what to do."""
    plain = "\n".join(GOOD % (n, n) for n in range(200_000)).encode()
    packed = gzip.compress(plain) if suffix == ".gz" else _zstd(plain)
    path = tmp_path / f"usage.ndjson{suffix}"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    rows, refused = read(path)
    assert rows
    assert [row["_offset"] for row in rows] == list(range(len(rows)))
    assert "the file is damaged after" in refused[-1].reason
    assert "get the file again" in refused[-1].reason


def _zstd(data: bytes) -> bytes:
    packed = pa.compress(data, codec="zstd", asbytes=True)
    assert isinstance(packed, bytes)
    return packed


def test_names_that_cannot_be_opened(tmp_path: Path) -> None:
    """No file, a directory."""
    with pytest.raises(InputError, match="there is no such file; check the name"):
        read(tmp_path / "none.ndjson")
    with pytest.raises(InputError, match="is a directory; name the files in it"):
        read(tmp_path)


def test_the_mark_of_byte_order_is_no_part_of_a_line(tmp_path: Path) -> None:
    """Windows puts it there."""
    path = write(tmp_path / "usage.ndjson", b"\xef\xbb\xbf" + (GOOD % (1, 1)).encode())
    assert len(read(path)[0]) == 1
