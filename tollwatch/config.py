"""Settings, read once from `tollwatch.toml` and `TOLLWATCH_…` variables, typed, with unknown keys refused.

A variable beats the file. Its name is the key in capitals, and two underscores lead into a table, whose names keep
their case: `TOLLWATCH_DISORDER_S=5`, `TOLLWATCH_SOURCES__gateway__SLOW=true`,
`TOLLWATCH_DETECTORS__wangiri__warn_at=30`.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import msgspec

from tollwatch.errors import ConfigurationError
from tollwatch.safe_text import without_secrets

if TYPE_CHECKING:
    from tollwatch.identity import Hasher

PREFIX = "TOLLWATCH_"
NOT_SETTINGS = frozenset(
    {
        "TOLLWATCH_CONFIG",
        "TOLLWATCH_SHARED",
        "TOLLWATCH_SERVERS",
        "TOLLWATCH_READER_PASSWORD",
        "TOLLWATCH_GRAFANA_TOKEN",
    }
)
"""Variables that are no settings: where the file is, where the tests find their data, where
`make up` and the tests keep the servers that they fetched, passwords that are for others."""

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
WholeSeconds = Annotated[int, msgspec.Meta(ge=0)]


class SourceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one source brings its events: how far out of order, and whether others wait for it (`slow`: they do not).

    `may_send` are the streams and the entities of `reference` that it may bring, and no others. Without it it may bring
    all but lists, verdicts and actions, which change what is found and what becomes of it.
    """

    disorder_s: Seconds | None = None
    slow: bool = False
    may_send: list[str] | None = None


class KafkaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Kafka is, how to get in, and how the topics are made.

    `servers` are host:port, with commas between; `prefix` stands before the name of every topic; `partitions` and
    `replication` are those of new topics of events, `retention_h` is how long they keep them. With `username` clients
    come over SASL (`mechanism`), with `tls` encrypted (`ca_file`: whom to trust). `broker_wait_s` is how long
    publishing waits for a broker that restarts or whose partitions move.
    """

    servers: str = "localhost:9092"
    prefix: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""
    partitions: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 4
    replication: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    retention_h: Annotated[int, msgspec.Meta(ge=1)] = 168
    broker_wait_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] = 300
    username: str | None = None
    password: str | None = None
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    tls: bool = False
    ca_file: str | None = None

    def protocol(self) -> str:
        """Kafka's name for how to get in.

        >>> KafkaSettings().protocol(), KafkaSettings(username="me", tls=True).protocol()
        ('PLAINTEXT', 'SASL_SSL')
        """
        return ("SASL_" if self.username else "") + ("SSL" if self.tls else ("PLAINTEXT"))

    def __repr__(self) -> str:
        """As one line, without the password."""
        shown = msgspec.structs.asdict(self) | {"password": "***" if self.password else None}
        return f"KafkaSettings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


class RetentionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many days of event time are kept of events, findings and quarantine; without it, 400 days from storing."""

    events_days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    findings_days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    quarantine_days: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set, with its default.

    `tenant` is whose the records are that name no tenant, `tenants` are the others that are served: each has windows,
    lists and findings of its own. `key_file` holds the installation's key, under which everything is hashed (without
    it, a file in the data directory); `installation_key` is the key itself, 32 hex digits.
    `disorder_s` is how far out of order events may come; `source_idle_s` when a silent source no longer holds the
    others back; `label_horizon_days` when an event without a verdict counts as genuine; `future_tolerance_s` how far
    ahead of its arrival an event may claim to be.
    `snapshot_events` is after how many events the state is saved, so that a run that was killed goes on from there.
    Of workers on Kafka: `app` is their common name (two installations on one Kafka need two), `clickhouse` the URL of
    the server for findings, `state` the folder or object store of their snapshots, written every `snapshot_s`; a worker
    that was silent for `session_timeout_s` is replaced; `metrics_port` serves Prometheus (0: off); one of
    them runs the controls every `controls_every_s` (0: none does), at most for `controls_share` of the time. `models`
    is the folder of trained models (without it, `models` in the data directory or in the folder of `state`), the same
    for all workers.
    `detectors` overrides thresholds by detector, `budgets` says how many alerts a day a model may raise. `enabled`
    empty means every detector.

    >>> Settings(database="postgresql://tollwatch:secret@db/rafm").database_url(Path("data"))
    'postgresql://tollwatch:secret@db/rafm'
    >>> Settings().database_url(Path("data"))
    'sqlite:///data/tollwatch.sqlite'
    """

    tenant: Name = "main"
    tenants: list[Name] = []
    key_file: str | None = None
    installation_key: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{32})?$")] = ""
    run: Name = "live"
    database: str | None = None
    disorder_s: Seconds = 2.0
    source_idle_s: WholeSeconds = 900
    label_horizon_days: Annotated[int, msgspec.Meta(ge=1)] = 30
    future_tolerance_s: WholeSeconds = 600
    snapshot_events: Annotated[int, msgspec.Meta(ge=1)] = 1_000_000
    partitions: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    sources: dict[str, SourceSettings] = {}
    detectors: dict[str, dict[str, Any]] = {}
    enabled: list[str] = []
    disabled: list[str] = []
    budgets: dict[str, Annotated[int, msgspec.Meta(ge=0)]] = {}
    kafka: KafkaSettings = KafkaSettings()
    retention: RetentionSettings = RetentionSettings()
    app: Name = "tollwatch"
    clickhouse: str | None = None
    state: str | None = None
    snapshot_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    session_timeout_s: Annotated[float, msgspec.Meta(ge=1)] = 10.0
    metrics_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    models: str | None = None
    controls_every_s: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    controls_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1

    def database_url(self, data: Path) -> str:
        """Where relational data lives: the URL that was set, or SQLite in the data directory."""
        return self.database or f"sqlite:///{data / 'tollwatch.sqlite'}"

    def hasher(self) -> "Hasher":
        """The hashes of this installation."""
        from tollwatch.identity import KEY_BYTES, Hasher  # noqa: PLC0415  (compiled code: not for `--help`)

        return Hasher(bytes.fromhex(self.installation_key) or bytes(KEY_BYTES), self.tenant)

    def served_tenants(self) -> frozenset[str]:
        """The tenants whose records are taken."""
        return frozenset({self.tenant, *self.tenants})

    def disorder_of(self, source: str) -> float:
        """The disorder allowed to a source, in seconds."""
        own = self.sources.get(source, SourceSettings()).disorder_s
        return self.disorder_s if own is None else own

    def __repr__(self) -> str:
        """The settings as one line, passwords taken out: logs and error reports print it."""
        hidden = {name: _safe(getattr(self, name)) for name in ("database", "clickhouse", "state")}
        hidden["installation_key"] = "***" if self.installation_key else ""
        shown = msgspec.structs.replace(self, **hidden)
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in msgspec.structs.asdict(shown).items())})"


def load_settings(path: Path | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Read the file (`path`, else `TOLLWATCH_CONFIG`, else `tollwatch.toml` if there is one), then the variables."""
    env = os.environ if env is None else env
    file = path or (Path(env["TOLLWATCH_CONFIG"]) if env.get("TOLLWATCH_CONFIG") else None)
    if file is None:
        file = Path("tollwatch.toml")
        document = _read(file) if file.exists() else {}
    else:
        document = _read(file)
    _check(document, str(file))
    for variable in sorted(env):
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            _check(_put(document, variable, env[variable]), variable)
    return msgspec.convert(document, Settings)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{file}: there is no such file; name another with --config.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: this is not TOML: {error}.") from None


def _put(document: dict[str, Any], variable: str, text: str) -> dict[str, Any]:
    """Set what a variable says; gives a document of that key alone, to be checked."""
    top, *inner = variable.removeprefix(PREFIX).split("__")
    *tables, last = [top.lower(), *(inner[:-1]), *(part.lower() for part in inner[-1:])]
    alone: dict[str, Any] = {}
    for root in (document, alone):
        node = root
        for table in tables:
            node = node.setdefault(table, {})
            if not isinstance(node, dict):
                raise ConfigurationError(f"{variable}: `{table}` is one value and has no keys below it.")
        node[last] = _value(text, text_wanted=_is_text(tables, last))
    return alone


def _is_text(tables: Sequence[str], key: str) -> bool:
    kind = {(): Settings, ("kafka",): KafkaSettings, ("retention",): RetentionSettings}.get(tuple(tables))
    return kind is not None and get_type_hints(kind).get(key) in (str, str | None)


def _value(text: str, *, text_wanted: bool) -> Any:
    """Read a variable as TOML where it is TOML (`5`, `true`, `["a"]`), as a list where it has commas, else as text."""
    if text_wanted:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return [part.strip() for part in text.split(",")] if "," in text else text


def _check(document: Mapping[str, Any], where: str) -> None:
    """Refuse unknown keys with the nearest known one, and values of a wrong type with their place."""
    _refuse_unknown(document, Settings, where)
    kafka = document.get("kafka")
    if isinstance(kafka, dict):
        _refuse_unknown(kafka, KafkaSettings, f"{where}: kafka")
    retention = document.get("retention")
    if isinstance(retention, dict):
        _refuse_unknown(retention, RetentionSettings, f"{where}: retention")
    sources = document.get("sources")
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if isinstance(source, dict):
            _refuse_unknown(source, SourceSettings, f"{where}: sources.{name}")
        _convert(source, SourceSettings, where, f"sources.{name}")
    _convert(document, Settings, where, "")


def _refuse_unknown(given: Mapping[str, Any], kind: type[msgspec.Struct], where: str) -> None:
    known = list(kind.__struct_fields__)
    for key in given:
        if key not in known:
            raise ConfigurationError.unknown_word(key, known, where=where, what="key")


def _convert(value: object, kind: type[msgspec.Struct], where: str, key: str) -> None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at ")
        inner = place.strip("`").removeprefix("$").lstrip(".")
        full = ".".join(part for part in (key, inner) if part)
        raise ConfigurationError(f"{where}: {full}: {reason[0].lower()}{reason[1:]}.") from None


def _safe(url: str | None) -> str | None:
    return url and without_secrets(url)
