"""The attributes of reference entities: one flat struct, so that they are columns; each entity uses its own part."""

import msgspec


class Attributes(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a reference row says of its entity. A field that the entity does not use is null.

    account: `account_class` (prepaid, postpaid, business, m2m), `limit_micros` (spend allowed in 24 h), `currency`,
    `bill_cycle`, `since`. subscriber: `account_id`, `msisdn`, `imsi`, `imei`. number_range: id = the digits it
    begins with; `country`, `number_type`, `operator`. list: id = the entry, `list_name`, `risk`.
    offering: `price_micros` per month, `currency`, `charge_kind`. cell: `latitude_e6`, `longitude_e6`.
    trunk: `operator`, `direction`. exchange_rate: id = currency, `rate_micros` to the operator's own.
    rule: id = its name, `rule` = the rule itself as `tollwatch rules publish` writes it.
    """

    account_class: str | None = None
    account_id: str | None = None
    limit_micros: int | None = None
    price_micros: int | None = None
    rate_micros: int | None = None
    currency: str | None = None
    charge_kind: str | None = None
    bill_cycle: str | None = None
    zone: str | None = None
    since: int | None = None
    msisdn: str | None = None
    imsi: str | None = None
    imei: str | None = None
    country: str | None = None
    number_type: str | None = None
    operator: str | None = None
    direction: str | None = None
    list_name: str | None = None
    rule: str | None = None
    risk: int | None = None
    latitude_e6: int | None = None
    longitude_e6: int | None = None
    name: str | None = None
