"""Ready mappings: each reads the sample beside it to the right values, and is in the command's list."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.binary import open_file
from services.formats import FOLDER, names, ready
from streams.reading.tables import Previewed, TableSource
from tollwatch.errors import ConfigurationError

SAMPLES = {path.stem: path for path in sorted((FOLDER / "samples").iterdir())}
START, ANSWER, END = (
    int(datetime(2026, 3, 4, 10, *at, tzinfo=UTC).timestamp() * 1000) for at in ((11, 12), (11, 20), (12, 20))
)
CALL = {
    "event_time": END,
    "start_time": START,
    "calling_number": "447900900001",
    "called_number": "442079460001",
    "duration_s": 60,
    "service": "voice",
}
RANG = {"answer_time": ANSWER, "ring_s": 8}
"""One and the same call, as each system writes it: answered after eight seconds, a minute long."""
EXPECTED: dict[str, dict[str, Any]] = {
    "asterisk": CALL | RANG | {"account_id": "acme", "session_id": "1772619072.1"},
    "cisco_cucm": CALL | {"answer_time": ANSWER, "release_cause": 16, "session_id": "2-11001"},
    "freeradius": {
        "service": "data",
        "phase": "stop",
        "subscriber_id": "ann@acme.example",
        "uplink_bytes": 372_080_209,
        "downlink_bytes": 10_190_025_307,
        "duration_s": 1800,
    },
    "freeswitch": CALL | RANG | {"account_id": "acme"},
    "freeswitch_json": CALL | RANG | {"release_cause": 16},
    "kamailio": CALL | {"start_time": ANSWER},
    "kazoo": CALL | {"ring_s": 8, "record_type": "originating", "charge_micros": 50_000},
    "opensips": CALL | RANG,
    "radius_detail": {
        "service": "data",
        "phase": "start",
        "event_time": 1_772_618_400_000,
        "subscriber_id": "ann@acme.example",
        "source": "192.0.2.10",
        "uplink_bytes": None,
    },
    "tap": CALL | {"start_time": ANSWER, "charge_micros": 1_500_000, "currency": "XDR", "serving_network": "AAAXX"},
    "nrtrde": CALL | {"start_time": ANSWER, "utc_offset_min": 120, "charge_micros": None, "file_format": "nrtrde"},
    "cdr_3gpp": CALL | {"answer_time": ANSWER, "release_cause": 16, "cell_id": "10-77", "trunk_out": "OUT7"},
    "threecx": CALL | {"answer_time": ANSWER, "calling_number": "101", "charge_micros": 50_000},
    "twilio": CALL | {"start_time": ANSWER, "cost_micros": 30_000, "currency": "USD"},
}


def preview(name: str, **given: Any) -> list[Previewed]:
    """The records of a sample."""
    mapping = ready(name, **given)
    source = open_file(SAMPLES[name], mapping)
    assert isinstance(source, TableSource)
    return source.preview(100)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_ready_mapping_reads_its_sample(name: str) -> None:
    """Times in UTC, numbers in E.164, durations from the answer, and what nobody answered lasts 0 seconds."""
    records = [record.read for record in preview(name) if record.read is not None]

    assert {field: records[0].get(field) for field in EXPECTED[name]} == EXPECTED[name]
    assert len({record["event_id"] for record in records}) == len(records) == 2
    if records[0]["service"] == "voice":
        assert (records[1]["duration_s"], records[1].get("answer_time")) == (0, None)


def test_every_known_system_has_a_sample() -> None:
    """A mapping without a sample is for public data, which the project cannot ship."""
    assert {*names()} - {*SAMPLES} == {
        "cards_payments",
        "cards_verdicts",
        "copenhagen_calls",
        "copenhagen_sms",
        "np_dl_telco_cdr",
    }
    assert all(names().values())


def test_what_contradicts_itself_is_refused() -> None:
    """Two records that look like calls and are none: a number of nowhere, a duration beyond its times."""
    (asterisk,) = [record for record in preview("asterisk") if record.fate == "refused"]
    (kamailio,) = [record for record in preview("kamailio") if record.fate == "refused"]
    (kinds,) = [record for record in preview("cisco_cucm") if record.fate == "left out"]

    assert (asterisk.line, "country code" in asterisk.reason) == (3, True)
    assert kamailio.reason == "the duration contradicts start and end"
    assert kinds.given["cdrRecordType"] == "INTEGER"


def test_the_country_and_the_zone_are_the_users() -> None:
    """With them, national numbers are read, and times are of the machine's zone."""
    third = preview("asterisk", country="GB", zone="Europe/Berlin")[2].read

    assert third is not None
    assert third["calling_number"] == "447900900001"
    assert third["event_time"] == int(datetime(2026, 3, 4, 9, 16, 10, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": "astrisk"}, "asterisk"),
        ({"name": "asterisk", "country": "UK"}, "no country `UK`"),
        ({"name": "asterisk", "zone": "CET+1"}, "no time zone"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, str], sentence: str) -> None:
    """The nearest name, and what to write."""
    with pytest.raises(ConfigurationError, match=sentence):
        ready(**given)
