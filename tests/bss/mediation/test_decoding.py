"""TAP, NRTRDE and CDR files: known by their content, read to the right values, refused whole where totals are wrong."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bss.mediation.decoded import FileRefusedError
from bss.mediation.decoding import DECODERS, RECORDS, form_of
from tests.bss.mediation.files import (
    CALLED,
    IMSI,
    cs_record,
    framed,
    nrtrde_call,
    nrtrde_file,
    pgw_record,
    straight,
    tap_call,
    tap_file,
)

FILES: dict[str, Callable[[], bytes]] = {
    "tap": lambda: tap_file([tap_call(n) for n in range(3)]),
    "nrtrde": lambda: nrtrde_file([nrtrde_call(n) for n in range(3)]),
    "cdr_3gpp": lambda: framed([cs_record(n=n) for n in range(3)]),
}


def taken(form: str, data: bytes) -> list[dict[str, object]]:
    """The records of a file that are read, after its totals were checked."""
    decoded = DECODERS[form](data)
    rows = [record.row for record in decoded.records if record.row is not None]
    decoded.finish()
    return [dict(row) for row in rows]


@pytest.mark.parametrize("form", FILES)
def test_a_file_is_known_by_its_content(form: str) -> None:
    """Not by its name: an NRTRDE file has the same tag at its beginning as a TAP file, and is none."""
    assert form_of(FILES[form]()) == form


@pytest.mark.parametrize(
    "data", [b"", b"a,b,c\n" + b"1,2,3\n" * 9, b"PK\x03\x04", b"\x00\x00\x00h\x00\x00\x004" + bytes(97)]
)
def test_other_files_are_none_of_them(data: bytes) -> None:
    """A CSV file begins with the tag of a TAP file, too."""
    assert form_of(data) is None


@given(st.integers(1, 5), st.integers(-3, 20).filter(bool))
def test_a_number_of_records_that_is_wrong_refuses_the_file(held: int, more: int) -> None:
    """With both numbers, whichever is greater."""
    declared = max(held + more, 0)
    if declared == held:
        return
    files = {
        "tap": tap_file([tap_call(n) for n in range(held)], count=declared),
        "nrtrde": nrtrde_file([nrtrde_call(n) for n in range(held)], count=declared),
        "cdr_3gpp": framed([cs_record(n=n) for n in range(held)], count=declared),
    }
    for form, data in files.items():
        with pytest.raises(FileRefusedError, match=f"declares {declared:,} records and holds {held:,}"):
            taken(form, data)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.integers(-5, 5))
def test_charges_are_those_of_the_total_to_the_unit(charges: list[int], wrong: int) -> None:
    """The same sum is taken; a file that is one thousandth off is not."""
    calls = [tap_call(n, charge=charge) for n, charge in enumerate(charges)]
    total = sum(charges) + wrong
    if wrong == 0:
        rows = taken("tap", tap_file(calls, total=total))
        assert [row["charge_micros"] for row in rows] == [1_000 * charge for charge in charges]
    elif total >= 0:
        with pytest.raises(FileRefusedError, match="its charges sum up to"):
            taken("tap", tap_file(calls, total=total))


def test_fees_and_refunds_belong_to_the_totals() -> None:
    """The fee of CAMEL is a charge; so are charges of records that are no usage, which are refused one by one."""
    camel = tap_call(camelServiceUsed={"camelInvocationFee": 250})
    (row,) = taken("tap", tap_file([camel], total=1_750))
    assert row["charge_micros"] == 1_750_000

    kinds = [tap_call(), tap_call(1, code=b"91")]
    records = list(DECODERS["tap"](tap_file(kinds, total=3_000)).records)
    assert [record.reason for record in records] == [
        "",
        "teleservice 91 is no usage that this version reads",
    ]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"release": 9}, "TAP 3.9 is not read; known are 3.11 and 3.12"),
        ({"currency": b"\xff\xff\xff"}, "is no text"),
    ],
)
def test_a_header_that_cannot_be_read_refuses_the_file(changed: dict[str, object], reason: str) -> None:
    """Nothing of it is guessed."""
    with pytest.raises(FileRefusedError, match=reason):
        taken("tap", tap_file([tap_call()], **changed))


def test_the_agreed_currency_counts() -> None:
    """Charges are in SDR, unless two operators agreed upon another currency."""
    (sdr,), (agreed,) = (taken("tap", tap_file([tap_call()], **given)) for given in ({}, {"currency": b"EUR"}))
    assert (sdr["currency"], agreed["currency"]) == ("XDR", "EUR")


def test_a_notification_is_a_file_without_records() -> None:
    """A partner that has nothing to charge says so, in sequence."""
    decoded = DECODERS["tap"](tap_file([], notification=True))
    batch = decoded.finish()
    assert list(decoded.records) == []
    assert batch is not None
    assert (batch.sequence_number, batch.records) == (42, 0)


@pytest.mark.parametrize("form", FILES)
def test_a_file_that_was_cut_off_is_refused(form: str) -> None:
    """At whatever byte: none of its records is taken."""
    data = FILES[form]()
    for end in range(1, len(data), 7):
        with pytest.raises(FileRefusedError):
            taken(form, data[:end])


@pytest.mark.parametrize("form", FILES)
def test_a_record_out_of_quarantine_is_read_as_in_its_file(form: str) -> None:
    """With the header that was kept with it."""
    decoded = DECODERS[form](FILES[form]())
    for record in decoded.records:
        assert RECORDS[form](record.raw, decoded.header | {"record_number": record.number}) == record.row


def test_a_record_with_an_unknown_tag_is_refused_alone() -> None:
    """Found by fuzzing: pycrate gives its bytes, which are no columns; its charge cannot be told from the total."""
    data = tap_file([tap_call(), tap_call(1)])
    at = data.index(b"\x69\x81")
    changed = data[:at] + b"\x7d" + data[at + 1 :]
    first, second = DECODERS["tap"](changed).records
    assert (first.reason, second.reason) == ("it is no record of TAP 3.12: its tag is unknown", "")


def test_a_broken_record_of_nrtrde_is_refused_alone() -> None:
    """Its neighbours are read; each says what it lacks."""
    calls = [
        nrtrde_call(),
        nrtrde_call(1, start=b"20261399000000"),
        nrtrde_call(2, imsi=b"\x1f\x2f"),
        nrtrde_call(3, service=("teleservice", b"\x22")),
    ]
    records = list(DECODERS["nrtrde"](nrtrde_file(calls)).records)

    assert [record.row is not None for record in records] == [True, False, False, True]
    assert "there is no such day" in records[1].reason
    assert records[2].reason == "1f2f are no digits"
    assert records[3].row is not None
    assert records[3].row["service"] == "sms"


def test_records_of_circuits_and_packets_stand_in_one_file() -> None:
    """Framed or one behind the other with octets that fill up a block; numbers keep their country code's mark."""
    records = [cs_record(), cs_record("mtCallRecord", 1), cs_record("incGatewayRecord", 2), pgw_record()]
    for data in (framed(records), b"\xff\xff".join(records)):
        rows = taken("cdr_3gpp", data)
        assert [row.get("record_type") for row in rows] == ["originating", "terminating", "transit", "originating"]
        assert [row["other_number"] for row in rows[:3]] == [f"+{CALLED}"] * 3
        assert (rows[0]["imsi"], rows[0]["serving_network"], rows[0]["release_cause"]) == (IMSI, "999-07", 16)
        assert (rows[3]["uplink_bytes"], rows[3]["downlink_bytes"], rows[3]["apn"]) == (1_000, 50_000, "internet")


def test_a_call_that_nobody_answered_lasts_nothing() -> None:
    """Whatever duration a switch writes; its time is that of the release."""
    (row,) = taken("cdr_3gpp", cs_record(answerTime=None, callDuration=9))
    assert (row["duration_s"], row["answer_time"]) == (0, None)


def test_digits_with_a_hole_are_none() -> None:
    """A filler within a number is not skipped."""
    call = tap_call()
    call[1]["basicCallInformation"]["destination"]["calledNumber"] = straight("44") + b"\x2f\x70"
    (record,) = DECODERS["tap"](tap_file([call])).records
    assert record.reason == "442f70 are no digits"
