"""A first mapping for a file: its form, and for each column what its name and its first values tell."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import polars as pl
import yaml

from bss.mediation.decoding import DECODERS
from services.binary import binary_form
from services.formats import names, ready
from streams.read import form_of, open_source
from streams.reading.durations import DurationForm, seconds
from streams.reading.json_file import read_json
from streams.reading.lines import chunks, signature
from streams.reading.numbers import ANYWHERE, number
from streams.reading.parquet_file import read_parquet
from streams.reading.tables import TableSource
from streams.reading.times import implausible, milliseconds
from tollwatch.columns import required, schema
from tollwatch.errors import InputError, TollwatchError
from tollwatch.events import STREAMS

LINES, FIRST = 200, 20
SEPARATORS = ",;|\t"
ENCODINGS = ("utf-8", "cp1252")
FORMATS = (
    "iso",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d-%m-%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%Y%m%d%H%M%S",
    "%a, %d %b %Y %H:%M:%S %z",
    "epoch_s",
    "epoch_ms",
    "epoch_us",
)
NAMES = {
    "event_id": "eventid cdrid recordid uuid uniqueid sid callsid pkid acctuniqueid id callid",
    "event_time": "eventtime end endtime endstamp enddate stop stoptime timeend hanguptime datetimedisconnect "
    "acctstoptime",
    "start_time": "starttime start startstamp startdate timestart calldate begin datetimeorigination acctstarttime "
    "setuptime date time timestamp unixtimestamp",
    "answer_time": "answer answertime answerstamp timeanswered connecttime datetimeconnect",
    "calling_number": "callingnumber callingparty callingpartynumber caller callernumber calleridnumber src from "
    "fromno fromnumber anumber anum source ani msisdn",
    "called_number": "callednumber calledparty callee calleenumber calleeidnumber dst to tono tonumber bnumber bnum "
    "destination destinationnumber finalcalledpartynumber dnis dialno",
    "duration_s": "billsec billingseconds billsecs duration durations durationsec durationseconds sec secs seconds "
    "talktime acctsessiontime",
    "imsi": "imsi",
    "imei": "imei imeisv",
    "cell_id": "cell cellid",
    "account_id": "account accountid accountcode accountno customer customerid accountsid",
    "subscriber_id": "subscriber subscriberid username",
    "charge_micros": "charge price cost amount fee",
    "currency": "currency priceunit",
    "uplink_bytes": "uplink uplinkbytes bytesup bytesin acctinputoctets",
    "downlink_bytes": "downlink downlinkbytes bytesdown bytesout acctoutputoctets",
    "session_id": "session sessionid callid",
}
"""What columns are called in the world, without capitals and separators."""
DURATIONS: tuple[DurationForm, ...] = ("clock", "minutes_seconds", "seconds")


class Sample(msgspec.Struct):
    """The first records of a file as columns of text, and what of its form must stand in the mapping."""

    columns: dict[str, list[str]]
    form: dict[str, object]


def suggest_mapping(path: Path, stream: str) -> str:
    """The text of a mapping. Raises InputError where the file has no record."""
    if stream not in STREAMS:
        raise InputError.unknown_word(stream, list(STREAMS), where="--stream", what="stream")
    if (form := binary_form(path)) is not None:
        raise InputError(f"{path}: it is a file of the form {form}, which needs no mapping: give it to `tollwatch run`")
    if (told := signature(path)).wrong:
        raise InputError(f"{path}: it is {told.wrong}")
    sample = _sample(path)
    if not any(sample.columns.values()):
        raise InputError(f"{path}: there is no record in it; give a file with some")
    fields, remarks = _fields(sample.columns, stream)
    document: dict[str, object] = {"stream": stream, **sample.form}
    head = [f"# A first mapping for {path.name}, by its first records: read it over, and try it with"]
    head += ["# `tollwatch mapping check`.", *_ready_ones(path)]
    lines = [*head, *(f"{name}: {_inline(given)}" for name, given in document.items()), "fields:"]
    lines += [f"  {name}: {_inline(given)}" for name, given in fields.items()]
    lines += [f"  # {remark}" for remark in remarks]
    unused = [name for name in sample.columns if name not in _used(fields)]
    if unused:
        lines.append(f"# not used: {', '.join(unused)}")
    return "\n".join(lines) + "\n"


def _ready_ones(path: Path) -> Iterator[str]:
    """What ready mappings read of the file, where one reads any of it."""
    for name in names():
        mapping = msgspec.structs.replace(ready(name), files=None)
        if mapping.format in DECODERS:
            continue
        try:
            source = open_source(path, mapping.stream, mappings=[mapping])
            records = source.preview(FIRST) if isinstance(source, TableSource) else []
        except TollwatchError:
            continue
        read = sum(record.fate == "read" for record in records)
        if read:
            yield (
                f"# The ready mapping `{name}` reads {read} of the first {len(records)} records: "
                f"tollwatch run --{mapping.stream} {path.name} --format {name}"
            )


def _inline(given: object) -> str:
    text = yaml.safe_dump(given, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()


def _used(fields: dict[str, object]) -> set[str]:
    return {str(given.get("column")) if isinstance(given, dict) else str(given) for given in fields.values()}


def _sample(path: Path) -> Sample:
    form = form_of(path, None)
    if form in ("ndjson", "parquet"):
        part = next((read_json if form == "ndjson" else read_parquet)(path, None), None)
        table = (part.table if part is not None else pl.DataFrame()).head(LINES)
        own: dict[str, object] = {"format": form} if form == "ndjson" else {}
        return Sample({name: [str(v) for v in table[name] if v is not None] for name in table.columns}, own)
    raw = [line for chunk, reason in islice(chunks(path), 1) if not reason for line in chunk.splitlines()[:LINES]]
    encoding = next((each for each in ENCODINGS if _is(raw, each)), "latin-1")
    text = [line.decode(encoding) for line in raw if line.strip()]
    separator = max(SEPARATORS, key=lambda each: _regular(text, each))
    rows = list(csv.reader(text, delimiter=separator, skipinitialspace=True))
    made: dict[str, object] = {"format": "csv"}
    if separator != ",":
        made["separator"] = separator
    if encoding != "utf-8":
        made["encoding"] = encoding
    width = max((len(row) for row in rows), default=0)
    if rows and not _is_header(rows[0]):
        columns = _columns([f"column_{n + 1}" for n in range(width)], rows)
        named = _named(columns)
        made["header"] = [named.get(f"column_{n + 1}", f"column_{n + 1}") for n in range(width)]
        return Sample({named.get(name, name): values for name, values in columns.items()}, made)
    return Sample(_columns([name.strip() for name in rows[0]] if rows else [], rows[1:]), made)


def _named(columns: dict[str, list[str]]) -> dict[str, str]:
    """Names for columns without a header: the first and the last time, the first two numbers, the last seconds."""
    times = [name for name, values in columns.items() if _field("event_time", name, values)[0] is not None]
    rest = {name: values for name, values in columns.items() if name not in times and values}
    numbers = [n for n, values in rest.items() if all(number(v, ANYWHERE) for v in values)]
    whole = [n for n, values in rest.items() if n not in numbers and all(re.match(r"^\d{1,5}$", v) for v in values)]
    found = dict(zip(times[:1], ["start"], strict=False)) | dict(zip(times[1:][-1:], ["end"], strict=False))
    found |= dict(zip(numbers[:2], ["a_number", "b_number"], strict=False))
    return found | dict(zip(whole[-1:], ["seconds"], strict=False))


def _columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """The values of each column that has a name, without the empty ones."""
    places = [(n, name) for n, name in enumerate(header) if name]
    return {name: [row[n].strip() for row in rows if n < len(row) and row[n].strip()] for n, name in places}


def _is(lines: Sequence[bytes], encoding: str) -> bool:
    try:
        b"\n".join(lines).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _regular(lines: Sequence[str], separator: str) -> int:
    """How many columns a separator makes, where it makes the same number in most lines."""
    widths = [len(row) for row in csv.reader(lines, delimiter=separator)]
    usual = max(set(widths), key=widths.count, default=0)
    return usual if widths.count(usual) * 2 > len(widths) else 0


def _is_header(row: Sequence[str]) -> bool:
    """Whether a first line has names: no cell of it is a number or a time."""
    return all(re.match(r"^\s*[^\W\d][\w .#/()-]*$", cell) for cell in row if cell.strip())


def _fields(columns: dict[str, list[str]], stream: str) -> tuple[dict[str, object], list[str]]:
    kinds, taken, fields, remarks = schema(stream), set[str](), dict[str, object](), list[str]()
    for field in kinds:
        column = next((name for name in _candidates(field, columns) if name not in taken), None)
        if column is None:
            continue
        given, remark = _field(field, column, columns[column])
        if given is None:
            continue
        taken.add(column)
        fields[field] = given
        remarks += [f"{field}: {remark}"] if remark else []
    if "event_id" in required(stream) - fields.keys():
        fields["event_id"] = {"sql": "_file || '-' || CAST(_row AS VARCHAR)"}
        remarks.append("event_id: no column names a record; the same record in another file is then another event")
    if "event_time" not in fields and isinstance(fields.get("start_time"), dict):
        fields["event_time"] = fields["start_time"]
        remarks.append("event_time: should be when it ended; only a beginning was found")
    if "service" in kinds and "service" not in fields:
        fields["service"] = {"value": "data" if "downlink_bytes" in fields else "voice"}
    missing = sorted(required(stream) - fields.keys() - {"attributes"})
    remarks += [f"{name}: every record of `{stream}` must have it, and no column looks like it" for name in missing]
    return fields, remarks


def _candidates(field: str, columns: dict[str, list[str]]) -> Iterator[str]:
    """Columns whose name says the field, its own name first, then in the order of the names known."""
    yield from (name for name in columns if name.lower() == field)
    said = {name: re.sub(r"[^a-z0-9]", "", name.lower().rpartition(".")[2]) for name in columns if columns[name]}
    yield from (name for known in NAMES.get(field, "").split() for name in said if said[name] == known)


def _field(field: str, column: str, values: Sequence[str]) -> tuple[object, str]:
    """What a column is mapped by, and what cannot be told; None where its values are of another kind."""
    given: object = column
    remark = ""
    if field.endswith("_time"):
        fitting = [each for each in FORMATS if _is_time(values, each, field)]
        other = [each for each in fitting[1:] if "%m" in each and fitting[0] != "iso"]
        given = {"column": column, "format": fitting[0]} if fitting else None
        remark = f"could also be {other[0]}" if other else ""
    elif field in ("calling_number", "called_number"):
        given = {"column": column, "number": {"country": ANYWHERE, "allow": ["short", "alphanumeric"]}}
        if not all(number(value, ANYWHERE, ("short", "alphanumeric")) for value in values):
            remark = "some are written as they are dialled at home; write the country, such as GB"
    elif field == "duration_s" and not all(re.match(r"^\d+$", value) for value in values):
        forms = [each for each in DURATIONS if not seconds(pl.Series(values), each).null_count()]
        given = {"column": column, "duration": forms[0]} if forms else None
    elif field.endswith("_micros"):
        given, remark = {"column": column, "money": "units"}, "is 1 a unit, a cent, a millionth?"
    return given, remark


def _is_time(values: Sequence[str], form: str, field: str) -> bool:
    """Whether all of them are times of a form; 0 says that there was none."""
    text = pl.Series([value for value in values if value not in ("0", "NULL")], dtype=pl.String)
    if not len(text) or (form.startswith("epoch") and not text.str.contains(r"^\d+$").all()):
        return False
    made = milliseconds(text, [form], "UTC", {})
    return not made.null_count() and not implausible(field, made).any()
