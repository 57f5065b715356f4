"""What the network tells: usage, signalling, outcomes, devices, provisioned services."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tollwatch.events.common import Event

Service = Literal["voice", "sms", "mms", "data", "content"]
RecordType = Literal["originating", "terminating", "forwarded", "transit", "roaming"]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class Usage(Event, frozen=True, kw_only=True, gc=False):
    """One network record of one party, as mediation delivers it.

    An on-net call gives an originating and a terminating record. `event_time` is the closing time;
    `duration_s` 0 means not answered. Money is what the network or a supplier already priced.
    """

    service: Annotated[Service, Meta(description="what was used")]
    record_type: Annotated[RecordType, Meta(description="which side of the call or session the record tells of")] = (
        "originating"
    )
    phase: Annotated[
        Literal["start", "interim", "stop"] | None,
        Meta(description="the record's place in a call or session that sends several; null when it is the only one"),
    ] = None
    session_id: Annotated[str | None, Meta(description="the call or session, the same in all its records")] = None
    part_number: Annotated[int | None, Meta(description="ordinal of a partial record")] = None
    last_part: Annotated[bool | None, Meta(description="whether this partial record is the last")] = None
    subscriber_id: Annotated[str | None, Meta(description="the subscriber")] = None
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    calling_number: Annotated[
        str | None, Meta(description="who called: E.164 digits without `+`; an SMS sender may be alphanumeric")
    ] = None
    called_number: Annotated[str | None, Meta(description="who was called: E.164 digits without `+`")] = None
    redirecting_number: Annotated[str | None, Meta(description="who forwarded the call")] = None
    imsi: Annotated[str | None, Meta(description="the SIM")] = None
    imei: Annotated[str | None, Meta(description="the device")] = None
    serving_network: Annotated[str | None, Meta(description="MCC-MNC of the network that served it")] = None
    cell_id: Annotated[str | None, Meta(description="the cell it began in")] = None
    apn: Annotated[str | None, Meta(description="the access point of a data session")] = None
    rating_group: Annotated[str | None, Meta(description="the rating group of the data")] = None
    application: Annotated[str | None, Meta(description="the application that the network recognised")] = None
    start_time: Annotated[int | None, Meta(description="when it began")] = None
    answer_time: Annotated[int | None, Meta(description="when it was answered")] = None
    utc_offset_min: Annotated[int | None, Meta(description="minutes to add to UTC for local time")] = None
    ring_s: Annotated[NotNegative | None, Meta(description="seconds it rang")] = None
    duration_s: Annotated[
        NotNegative | None, Meta(description="seconds it lasted from the answer; 0 when not answered")
    ] = None
    uplink_bytes: Annotated[NotNegative | None, Meta(description="bytes sent by the subscriber")] = None
    downlink_bytes: Annotated[NotNegative | None, Meta(description="bytes received by the subscriber")] = None
    release_cause: Annotated[int | None, Meta(description="cause of release, Q.850")] = None
    released_by: Annotated[Literal["caller", "callee", "network"] | None, Meta(description="who ended it")] = None
    trunk_in: Annotated[str | None, Meta(description="the trunk it came in by")] = None
    trunk_out: Annotated[str | None, Meta(description="the trunk it left by")] = None
    supplier_id: Annotated[str | None, Meta(description="the carrier it was sent to")] = None
    attestation: Annotated[
        Literal["A", "B", "C", "failed"] | None,
        Meta(description="STIR/SHAKEN: how far the calling number was vouched for"),
    ] = None
    origin: Annotated[
        Literal["person", "application"] | None, Meta(description="whether a person or an application sent it")
    ] = None
    content_hash: Annotated[str | None, Meta(description="keyed hash of a message's text")] = None
    content_provider_id: Annotated[str | None, Meta(description="the provider of the content")] = None
    reported_by: Annotated[str | None, Meta(description="which operator made the record")] = None
    call_reference: Annotated[str | None, Meta(description="matches two operators' records of one call")] = None
    file_format: Annotated[
        Literal["cdr", "nrtrde", "tap"] | None, Meta(description="the kind of file the record came in")
    ] = None
    charge_micros: Annotated[int | None, Meta(description="what the customer is charged, in millionths")] = None
    cost_micros: Annotated[int | None, Meta(description="what it costs the operator, in millionths")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    node: Annotated[str | None, Meta(description="the network element that wrote the record")] = None
    hop: Annotated[
        Literal["switch", "mediation"] | None, Meta(description="where in the chain this copy of the record was taken")
    ] = None
    product_id: Annotated[str | None, Meta(description="the product as the customer has it")] = None
    part_counts: Annotated[
        Literal["since_last", "since_start"] | None,
        Meta(description="whether a partial record counts since the part before it, or since the beginning"),
    ] = None
    roaming_direction: Annotated[
        Literal["in", "out"] | None,
        Meta(description="in: our subscriber abroad (TAP in); out: a visitor, whose operator we bill (TAP out)"),
    ] = None


class Signalling(Event, frozen=True, kw_only=True, gc=False):
    """One change of a service in the network."""

    kind: Annotated[
        Literal["call_forwarding", "sim_change", "imei_change", "location_update", "service_change", "barring"],
        Meta(description="what changed"),
    ]
    subscriber_id: Annotated[str | None, Meta(description="the subscriber")] = None
    imsi: Annotated[str | None, Meta(description="the SIM")] = None
    imei: Annotated[str | None, Meta(description="the device")] = None
    value: Annotated[str | None, Meta(description="the new value")] = None
    agent_id: Annotated[str | None, Meta(description="the employee or partner who acted")] = None


class Outcome(Event, frozen=True, kw_only=True, gc=False):
    """What became of something: a one-time password, a test call, a complaint."""

    kind: Annotated[
        Literal["otp_verified", "otp_expired", "test_call", "complaint"], Meta(description="what the outcome is of")
    ]
    calling_number: Annotated[
        str | None, Meta(description="who called: E.164 digits without `+`; an SMS sender may be alphanumeric")
    ] = None
    called_number: Annotated[str | None, Meta(description="who was called: E.164 digits without `+`")] = None
    observed_number: Annotated[str | None, Meta(description="the caller's number as the called side saw it")] = None
    answered: Annotated[bool | None, Meta(description="whether it was answered")] = None
    route: Annotated[str | None, Meta(description="the route it took")] = None
    refers_to: Annotated[str | None, Meta(description="the id of what it speaks about")] = None
    subject: Annotated[str | None, Meta(description="the subject it speaks about")] = None


class DeviceSighting(Event, frozen=True, kw_only=True, gc=False):
    """A device seen with a SIM on a network."""

    imei: Annotated[str, Meta(description="the device")]
    imsi: Annotated[str | None, Meta(description="the SIM")] = None
    network: Annotated[str | None, Meta(description="the network that saw it")] = None


class Provisioned(Event, frozen=True, kw_only=True, gc=False):
    """One service as the network has it. Rows that a batch awaits carry its `batch_id`."""

    subscriber_id: Annotated[str, Meta(description="the subscriber")]
    product_id: Annotated[str, Meta(description="the product as the customer has it")]
    state: Annotated[Literal["active", "suspended", "terminated"], Meta(description="its state after this event")]
    since: Annotated[int, Meta(description="since when it has been so")]
    imsi: Annotated[str | None, Meta(description="the SIM")] = None
    msisdn: Annotated[str | None, Meta(description="the subscriber's number: E.164 digits without `+`")] = None
    service_specification: Annotated[str | None, Meta(description="the kind of service in the inventory")] = None
    attributes: Annotated[dict[str, str] | None, Meta(description="further attributes")] = None
    batch_id: Annotated[str | None, Meta(description="the batch that awaits this row")] = None
