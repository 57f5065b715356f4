"""What customers do and what it costs them: orders, payments, care, rated and billed usage.

Money is an integer of millionths of the currency's unit (`_micros`), net of tax unless the kind says tax.
"""

from typing import Literal

from tollwatch.events.common import Event


class Order(Event, frozen=True, kw_only=True, gc=False):
    """One change of state of one order item. Fingerprints and tokens are keyed hashes."""

    order_id: str
    order_item_id: str
    action: Literal["add", "modify", "delete", "sim_swap", "port_in", "port_out", "device_sale"]
    state: Literal["acknowledged", "in_progress", "completed", "failed", "cancelled"]
    product_id: str | None = None
    customer_id: str | None = None
    account_id: str | None = None
    subscriber_id: str | None = None
    product_offering_id: str | None = None
    msisdn: str | None = None
    imsi: str | None = None
    imei: str | None = None
    channel: str | None = None
    dealer_id: str | None = None
    agent_id: str | None = None
    identity_fingerprint: str | None = None
    identity_tokens: list[str] | None = None
    address_tokens: list[str] | None = None
    device_fingerprint: str | None = None
    card_fingerprint: str | None = None


class Payment(Event, frozen=True, kw_only=True, gc=False):
    """One change of state of a payment, recharge, refund, chargeback or adjustment."""

    payment_id: str
    kind: Literal["payment", "recharge", "refund", "chargeback", "adjustment"]
    state: Literal["authorised", "declined", "settled", "failed", "reversed"]
    hop: Literal["gateway", "ledger", "account"] = "gateway"
    external_reference: str | None = None
    account_id: str | None = None
    subscriber_id: str | None = None
    amount_micros: int | None = None
    currency: str | None = None
    method: Literal["card", "voucher", "transfer", "direct_debit", "cash", "wallet"] | None = None
    card_fingerprint: str | None = None
    device_fingerprint: str | None = None
    terminal_id: str | None = None
    voucher_serial: str | None = None
    decline_code: str | None = None
    channel: str | None = None
    agent_id: str | None = None
    ticket_id: str | None = None


class Care(Event, frozen=True, kw_only=True, gc=False):
    """One act of an employee or partner on an account."""

    agent_id: str
    action: str
    account_id: str | None = None
    amount_micros: int | None = None
    currency: str | None = None
    ticket_id: str | None = None


class Rated(Event, frozen=True, kw_only=True, gc=False):
    """The price of one usage record. `refers_to` is the `event_id` of the usage it prices."""

    refers_to: str
    usage_time: int | None = None
    subscriber_id: str | None = None
    account_id: str | None = None
    charging: Literal["online", "offline"] | None = None
    tariff_id: str | None = None
    tariff_version: int | None = None
    units: int | None = None
    unit: str | None = None
    charge_micros: int | None = None
    currency: str | None = None
    allowance_used: int | None = None
    balance_after_micros: int | None = None
    rating_error: str | None = None
    invoice_line_id: str | None = None
    batch_id: str | None = None


class Billed(Event, frozen=True, kw_only=True, gc=False):
    """One invoice line. `period_start` and `period_end` are milliseconds, the end excluded."""

    invoice_id: str
    line_id: str
    account_id: str
    kind: Literal["usage", "recurring", "one_off", "discount", "tax", "credit"]
    amount_micros: int
    currency: str
    subscriber_id: str | None = None
    product_id: str | None = None
    product_offering_id: str | None = None
    period_start: int | None = None
    period_end: int | None = None
    usage_count: int | None = None
    units: int | None = None
    batch_id: str | None = None


class Invoice(Event, frozen=True, kw_only=True, gc=False):
    """The head of an invoice; `issued` and `due` are milliseconds."""

    invoice_id: str
    account_id: str
    issued: int
    due: int
    total_micros: int
    open_micros: int
    currency: str


class Dunning(Event, frozen=True, kw_only=True, gc=False):
    """One step of collecting a debt, and whether it was carried out."""

    account_id: str
    step: str
    executed: bool


class Balance(Event, frozen=True, kw_only=True, gc=False):
    """A snapshot of a prepaid balance."""

    account_id: str
    balance_micros: int
    currency: str
    subscriber_id: str | None = None
    batch_id: str | None = None


class Voucher(Event, frozen=True, kw_only=True, gc=False):
    """One change of state of a voucher."""

    serial: str
    state: Literal["created", "activated", "sold", "used", "expired", "blocked"]
    face_value_micros: int
    currency: str
    dealer_id: str | None = None


class Posting(Event, frozen=True, kw_only=True, gc=False):
    """One amount booked to an account of the general ledger."""

    account_code: str
    period: str
    amount_micros: int
    currency: str


class Settled(Event, frozen=True, kw_only=True, gc=False):
    """One line of a partner's statement."""

    statement_id: str
    partner_id: str
    direction: Literal["in", "out"]
    kind: Literal["interconnect", "roaming", "content", "commission"]
    amount_micros: int
    currency: str
    route: str | None = None
    period_start: int | None = None
    period_end: int | None = None
    units: int | None = None
    unit: str | None = None
    rate_micros: int | None = None
    order_item_id: str | None = None
    batch_id: str | None = None
