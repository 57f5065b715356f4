"""What customers do and what it costs them: orders, payments, care, rated and billed usage.

Money is an integer of millionths of the currency's unit (`_micros`), net of tax unless the kind says tax.
"""

from typing import Annotated, Literal

from msgspec import Meta

from tollwatch.events.common import Event


class Order(Event, frozen=True, kw_only=True, gc=False):
    """One change of state of one order item. Fingerprints and tokens are keyed hashes."""

    order_id: Annotated[str, Meta(description="the order")]
    order_item_id: Annotated[str, Meta(description="the item of the order")]
    action: Annotated[
        Literal["add", "modify", "delete", "sim_swap", "port_in", "port_out", "device_sale"],
        Meta(description="what is to be done"),
    ]
    state: Annotated[
        Literal["acknowledged", "in_progress", "completed", "failed", "cancelled"],
        Meta(description="its state after this event"),
    ]
    product_id: Annotated[str | None, Meta(description="the product as the customer has it")] = None
    customer_id: Annotated[str | None, Meta(description="the customer who owns the account")] = None
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    subscriber_id: Annotated[str | None, Meta(description="the subscriber")] = None
    product_offering_id: Annotated[str | None, Meta(description="the offering in the catalogue")] = None
    msisdn: Annotated[str | None, Meta(description="the subscriber's number: E.164 digits without `+`")] = None
    imsi: Annotated[str | None, Meta(description="the SIM")] = None
    imei: Annotated[str | None, Meta(description="the device")] = None
    channel: Annotated[str | None, Meta(description="where it was sold or paid: shop, web, app, agent, …")] = None
    dealer_id: Annotated[str | None, Meta(description="the dealer who sold it")] = None
    agent_id: Annotated[str | None, Meta(description="the employee or partner who acted")] = None
    identity_fingerprint: Annotated[str | None, Meta(description="keyed hash of the identity document")] = None
    identity_tokens: Annotated[list[str] | None, Meta(description="hashed parts of the name, for near matches")] = None
    address_tokens: Annotated[list[str] | None, Meta(description="hashed parts of the address, for near matches")] = (
        None
    )
    device_fingerprint: Annotated[str | None, Meta(description="keyed hash of the device that was used")] = None
    card_fingerprint: Annotated[str | None, Meta(description="keyed hash of the card number")] = None
    requested_at: Annotated[int | None, Meta(description="when the customer asked for it to begin or end")] = None
    cause: Annotated[str | None, Meta(description="why it failed or was cancelled")] = None


class Payment(Event, frozen=True, kw_only=True, gc=False):
    """One change of state of a payment, recharge, refund, chargeback or adjustment."""

    payment_id: Annotated[str, Meta(description="the payment, the same in all its states")]
    kind: Annotated[
        Literal["payment", "recharge", "refund", "chargeback", "adjustment", "bonus", "fee", "expiry"],
        Meta(description="which kind it is"),
    ]
    state: Annotated[
        Literal["authorised", "declined", "settled", "failed", "reversed"],
        Meta(description="its state after this event"),
    ]
    hop: Annotated[Literal["gateway", "ledger", "account"], Meta(description="where it was recorded")] = "gateway"
    external_reference: Annotated[str | None, Meta(description="its id at the payment provider")] = None
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    subscriber_id: Annotated[str | None, Meta(description="the subscriber")] = None
    amount_micros: Annotated[int | None, Meta(description="the amount in millionths of the currency's unit")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    method: Annotated[
        Literal["card", "voucher", "transfer", "direct_debit", "cash", "wallet"] | None,
        Meta(description="how it was paid"),
    ] = None
    card_fingerprint: Annotated[str | None, Meta(description="keyed hash of the card number")] = None
    device_fingerprint: Annotated[str | None, Meta(description="keyed hash of the device that was used")] = None
    terminal_id: Annotated[str | None, Meta(description="the terminal or merchant")] = None
    voucher_serial: Annotated[str | None, Meta(description="the voucher that paid")] = None
    decline_code: Annotated[str | None, Meta(description="why the issuer declined")] = None
    channel: Annotated[str | None, Meta(description="where it was sold or paid: shop, web, app, agent, …")] = None
    agent_id: Annotated[str | None, Meta(description="the employee or partner who acted")] = None
    ticket_id: Annotated[str | None, Meta(description="the ticket that justifies it")] = None
    invoice_id: Annotated[str | None, Meta(description="the invoice it pays")] = None
    fee_micros: Annotated[int | None, Meta(description="what the payment provider keeps, in millionths")] = None
    bucket: Annotated[str | None, Meta(description="the part of a prepaid balance it changes")] = None
    account_code: Annotated[str | None, Meta(description="account of the general ledger")] = None


class Care(Event, frozen=True, kw_only=True, gc=False):
    """One act of an employee or partner on an account."""

    agent_id: Annotated[str, Meta(description="the employee or partner who acted")]
    action: Annotated[str, Meta(description="what is to be done")]
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    amount_micros: Annotated[int | None, Meta(description="the amount in millionths of the currency's unit")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    ticket_id: Annotated[str | None, Meta(description="the ticket that justifies it")] = None
    approved_by: Annotated[str | None, Meta(description="who agreed to it")] = None
    invoice_id: Annotated[str | None, Meta(description="the invoice it changes")] = None


class Rated(Event, frozen=True, kw_only=True, gc=False):
    """The price of one usage record. `refers_to` is the `event_id` of the usage it prices."""

    refers_to: Annotated[str, Meta(description="the id of what it speaks about")]
    usage_time: Annotated[int | None, Meta(description="event time of the usage that is priced")] = None
    subscriber_id: Annotated[str | None, Meta(description="the subscriber")] = None
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    charging: Annotated[
        Literal["online", "offline"] | None,
        Meta(description="whether the balance was asked first (online) or the bill comes later (offline)"),
    ] = None
    tariff_id: Annotated[str | None, Meta(description="the tariff applied")] = None
    tariff_version: Annotated[int | None, Meta(description="its version")] = None
    units: Annotated[int | None, Meta(description="how many units")] = None
    unit: Annotated[str | None, Meta(description="the unit: second, byte, event, …")] = None
    charge_micros: Annotated[int | None, Meta(description="what the customer is charged, in millionths")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    allowance_used: Annotated[int | None, Meta(description="units taken from an allowance")] = None
    balance_after_micros: Annotated[int | None, Meta(description="prepaid balance afterwards, in millionths")] = None
    rating_error: Annotated[str | None, Meta(description="why it could not be priced")] = None
    invoice_line_id: Annotated[str | None, Meta(description="the invoice line that carries it")] = None
    batch_id: Annotated[str | None, Meta(description="the batch that awaits this row")] = None
    destination: Annotated[str | None, Meta(description="the price list's name for where it went")] = None
    allowance_id: Annotated[str | None, Meta(description="the allowance that paid for it, or for a part")] = None
    product_id: Annotated[str | None, Meta(description="the product as the customer has it")] = None


class Billed(Event, frozen=True, kw_only=True, gc=False):
    """One invoice line. `period_start` and `period_end` are milliseconds, the end excluded."""

    invoice_id: Annotated[str, Meta(description="the invoice")]
    line_id: Annotated[str, Meta(description="the line of the invoice")]
    account_id: Annotated[str, Meta(description="the account that pays")]
    kind: Annotated[
        Literal["usage", "recurring", "one_off", "discount", "tax", "credit"], Meta(description="which kind it is")
    ]
    amount_micros: Annotated[int, Meta(description="the amount in millionths of the currency's unit")]
    currency: Annotated[str, Meta(description="ISO 4217")]
    subscriber_id: Annotated[str | None, Meta(description="the subscriber")] = None
    product_id: Annotated[str | None, Meta(description="the product as the customer has it")] = None
    product_offering_id: Annotated[str | None, Meta(description="the offering in the catalogue")] = None
    period_start: Annotated[int | None, Meta(description="first instant of the period")] = None
    period_end: Annotated[int | None, Meta(description="end of the period, excluded")] = None
    usage_count: Annotated[int | None, Meta(description="how many usage records the line sums")] = None
    units: Annotated[int | None, Meta(description="how many units")] = None
    batch_id: Annotated[str | None, Meta(description="the batch that awaits this row")] = None
    agent_id: Annotated[str | None, Meta(description="the employee or partner who gave a credit")] = None
    ticket_id: Annotated[str | None, Meta(description="the ticket that justifies it")] = None
    approved_by: Annotated[str | None, Meta(description="who agreed to it")] = None
    account_code: Annotated[str | None, Meta(description="account of the general ledger")] = None
    tax_id: Annotated[str | None, Meta(description="the tax, of a line of tax")] = None
    corrects_line_id: Annotated[str | None, Meta(description="the line that a credit or a new bill corrects")] = None


class Invoice(Event, frozen=True, kw_only=True, gc=False):
    """The head of an invoice; `issued` and `due` are milliseconds."""

    invoice_id: Annotated[str, Meta(description="the invoice")]
    account_id: Annotated[str, Meta(description="the account that pays")]
    issued: Annotated[int, Meta(description="when it was issued")]
    due: Annotated[int, Meta(description="when it falls due")]
    total_micros: Annotated[int, Meta(description="the invoice's total in millionths")]
    open_micros: Annotated[int, Meta(description="what is still unpaid, in millionths")]
    currency: Annotated[str, Meta(description="ISO 4217")]
    period_start: Annotated[int | None, Meta(description="first instant of the period")] = None
    period_end: Annotated[int | None, Meta(description="end of the period, excluded")] = None
    tax_micros: Annotated[int | None, Meta(description="the tax in the total, in millionths")] = None
    state: Annotated[str | None, Meta(description="issued, paid, overdue or written_off")] = None
    batch_id: Annotated[str | None, Meta(description="the batch that awaits this row")] = None


class Dunning(Event, frozen=True, kw_only=True, gc=False):
    """One step of collecting a debt, and whether it was carried out."""

    account_id: Annotated[str, Meta(description="the account that pays")]
    step: Annotated[str, Meta(description="the step of collection")]
    executed: Annotated[bool, Meta(description="whether it was carried out")]
    invoice_id: Annotated[str | None, Meta(description="the invoice that is overdue")] = None
    due_at: Annotated[int | None, Meta(description="when the step was to be carried out")] = None
    amount_micros: Annotated[int | None, Meta(description="the amount in millionths of the currency's unit")] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None


class Balance(Event, frozen=True, kw_only=True, gc=False):
    """A snapshot of a prepaid balance."""

    account_id: Annotated[str, Meta(description="the account that pays")]
    balance_micros: Annotated[int, Meta(description="the balance in millionths")]
    currency: Annotated[str, Meta(description="ISO 4217")]
    subscriber_id: Annotated[str | None, Meta(description="the subscriber")] = None
    batch_id: Annotated[str | None, Meta(description="the batch that awaits this row")] = None
    bucket: Annotated[str | None, Meta(description="the part of the balance")] = None
    expires_at: Annotated[int | None, Meta(description="when it can no longer be used")] = None


class Voucher(Event, frozen=True, kw_only=True, gc=False):
    """One change of state of a voucher."""

    serial: Annotated[str, Meta(description="the voucher's serial number")]
    state: Annotated[
        Literal["created", "activated", "sold", "used", "expired", "blocked"],
        Meta(description="its state after this event"),
    ]
    face_value_micros: Annotated[int, Meta(description="its face value in millionths")]
    currency: Annotated[str, Meta(description="ISO 4217")]
    dealer_id: Annotated[str | None, Meta(description="the dealer who sold it")] = None
    account_id: Annotated[str | None, Meta(description="the account it was used for")] = None
    payment_id: Annotated[str | None, Meta(description="the recharge it paid")] = None


class Posting(Event, frozen=True, kw_only=True, gc=False):
    """One amount booked to an account of the general ledger."""

    account_code: Annotated[str, Meta(description="account of the general ledger")]
    period: Annotated[str, Meta(description="accounting period")]
    amount_micros: Annotated[int, Meta(description="the amount in millionths of the currency's unit")]
    currency: Annotated[str, Meta(description="ISO 4217")]
    entry_id: Annotated[str | None, Meta(description="the entry of the journal, whose postings add up to nothing")] = (
        None
    )
    refers_to: Annotated[str | None, Meta(description="the id of what it books")] = None
    batch_id: Annotated[str | None, Meta(description="the batch that awaits this row")] = None
    booked_at: Annotated[int | None, Meta(description="the day it is booked for")] = None


class Settled(Event, frozen=True, kw_only=True, gc=False):
    """One line of a partner's statement."""

    statement_id: Annotated[str, Meta(description="the partner's statement")]
    partner_id: Annotated[str, Meta(description="the operator or supplier on the other side")]
    direction: Annotated[Literal["in", "out"], Meta(description="who pays: in, the partner pays us; out, we pay")]
    kind: Annotated[Literal["interconnect", "roaming", "content", "commission"], Meta(description="which kind it is")]
    amount_micros: Annotated[int, Meta(description="the amount in millionths of the currency's unit")]
    currency: Annotated[str, Meta(description="ISO 4217")]
    route: Annotated[str | None, Meta(description="the route it took")] = None
    period_start: Annotated[int | None, Meta(description="first instant of the period")] = None
    period_end: Annotated[int | None, Meta(description="end of the period, excluded")] = None
    units: Annotated[int | None, Meta(description="how many units")] = None
    unit: Annotated[str | None, Meta(description="the unit: second, byte, event, …")] = None
    rate_micros: Annotated[int | None, Meta(description="price of a unit in millionths")] = None
    order_item_id: Annotated[str | None, Meta(description="the item of the order")] = None
    batch_id: Annotated[str | None, Meta(description="the batch that awaits this row")] = None
    prefix: Annotated[str | None, Meta(description="digits that the numbers begin with")] = None
    destination: Annotated[str | None, Meta(description="the price list's name for where it went")] = None
    product_id: Annotated[str | None, Meta(description="the product as the customer has it")] = None
