"""What the network tells: usage, signalling, outcomes, devices, provisioned services."""

from typing import Annotated, Literal

import msgspec

from tollwatch.events.common import Event

Service = Literal["voice", "sms", "mms", "data", "content"]
RecordType = Literal["originating", "terminating", "forwarded", "transit", "roaming"]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class Usage(Event, frozen=True, kw_only=True, gc=False):
    """One network record of one party, as mediation delivers it.

    An on-net call gives an originating and a terminating record. `event_time` is the closing time;
    `duration_s` 0 means not answered. Money is what the network or a supplier already priced.
    """

    service: Service
    record_type: RecordType = "originating"
    phase: Literal["start", "interim", "stop"] | None = None
    session_id: str | None = None
    part_number: int | None = None
    last_part: bool | None = None
    subscriber_id: str | None = None
    account_id: str | None = None
    calling_number: str | None = None
    called_number: str | None = None
    redirecting_number: str | None = None
    imsi: str | None = None
    imei: str | None = None
    serving_network: str | None = None
    cell_id: str | None = None
    apn: str | None = None
    rating_group: str | None = None
    application: str | None = None
    start_time: int | None = None
    answer_time: int | None = None
    utc_offset_min: int | None = None
    ring_s: NotNegative | None = None
    duration_s: NotNegative | None = None
    uplink_bytes: NotNegative | None = None
    downlink_bytes: NotNegative | None = None
    release_cause: int | None = None
    released_by: Literal["caller", "callee", "network"] | None = None
    trunk_in: str | None = None
    trunk_out: str | None = None
    supplier_id: str | None = None
    attestation: Literal["A", "B", "C", "failed"] | None = None
    origin: Literal["person", "application"] | None = None
    content_hash: str | None = None
    content_provider_id: str | None = None
    reported_by: str | None = None
    call_reference: str | None = None
    file_format: Literal["cdr", "nrtrde", "tap"] | None = None
    charge_micros: int | None = None
    cost_micros: int | None = None
    currency: str | None = None


class Signalling(Event, frozen=True, kw_only=True, gc=False):
    """One change of a service in the network."""

    kind: Literal["call_forwarding", "sim_change", "imei_change", "location_update", "service_change", "barring"]
    subscriber_id: str | None = None
    imsi: str | None = None
    imei: str | None = None
    value: str | None = None
    agent_id: str | None = None


class Outcome(Event, frozen=True, kw_only=True, gc=False):
    """What became of something: a one-time password, a test call, a complaint."""

    kind: Literal["otp_verified", "otp_expired", "test_call", "complaint"]
    calling_number: str | None = None
    called_number: str | None = None
    observed_number: str | None = None
    answered: bool | None = None
    route: str | None = None
    refers_to: str | None = None
    subject: str | None = None


class DeviceSighting(Event, frozen=True, kw_only=True, gc=False):
    """A device seen with a SIM on a network."""

    imei: str
    imsi: str | None = None
    network: str | None = None


class Provisioned(Event, frozen=True, kw_only=True, gc=False):
    """One service as the network has it. Rows that a batch awaits carry its `batch_id`."""

    subscriber_id: str
    product_id: str
    state: Literal["active", "suspended", "terminated"]
    since: int
    imsi: str | None = None
    msisdn: str | None = None
    service_specification: str | None = None
    attributes: dict[str, str] | None = None
    batch_id: str | None = None
