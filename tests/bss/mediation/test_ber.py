"""Elements of BER: their ends are found whatever their length is written like, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bss.mediation.ber import BerError, element_at, elements


def written(content: bytes, form: str) -> bytes:
    """An element [APPLICATION 300] with its length in one of three forms."""
    tag = bytes([0x7F, 0x82, 0x2C])
    if form == "short" and len(content) < 128:
        return tag + bytes([len(content)]) + content
    if form == "indefinite":
        return tag + b"\x80" + content + b"\0\0"
    return tag + b"\x84" + len(content).to_bytes(4, "big") + content


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.sampled_from(["short", "long", "indefinite"]))
def test_an_element_ends_where_its_content_does(contents: list[bytes], form: str) -> None:
    """With a length in one octet, in several, and without one, within another of the same kind."""
    inner = b"".join(written(each, "short") for each in contents)
    data = written(inner, form)

    (whole,) = elements(data, 0, len(data))
    found = [data[each.content : each.end] for each in elements(data, whole.content, whole.end)]

    assert (whole.tag, whole.constructed, found) == ((1, 300), True, contents)


@given(st.binary(max_size=60))
def test_what_is_no_ber_is_refused_with_its_place(data: bytes) -> None:
    """Any bytes are elements to their end, or end in an error that names a byte."""
    at, told = 0, ""
    try:
        for each in elements(data, 0, len(data)):
            at = each.after
    except BerError as error:
        told = str(error)
    assert at == len(data) or "byte" in told


@pytest.mark.parametrize("depth", [23, 200, 100_000])
def test_elements_within_elements_have_a_depth(depth: int) -> None:
    """A file of nothing but beginnings does not exhaust the stack."""
    with pytest.raises(BerError):
        element_at(b"\x7f\x01\x80" * depth, 0, 3 * depth)
