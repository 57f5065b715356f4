"""The attributes of reference entities: one flat struct, so that they are columns; each entity uses its own part."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Attributes(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a reference row says of its entity. A field that the entity does not use is null.

    account: `account_class` (prepaid, postpaid, business, m2m), `limit_micros` (spend allowed in 24 h), `currency`,
    `bill_cycle`, `since`. subscriber: `account_id`, `msisdn`, `imsi`, `imei`. number_range: id = the digits it
    begins with; `country`, `number_type`, `operator`. list: id = the entry, `list_name`, `risk`.
    offering: `price_micros` per month, `currency`, `charge_kind`. cell: `latitude_e6`, `longitude_e6`.
    trunk: `operator`, `direction`. exchange_rate: id = currency, `rate_micros` to the operator's own.
    rule: id = its name, `rule` = the rule itself as `tollwatch rules publish` writes it.
    """

    account_class: Annotated[str | None, Meta(description="prepaid, postpaid, business or m2m")] = None
    account_id: Annotated[str | None, Meta(description="the account that pays")] = None
    limit_micros: Annotated[int | None, Meta(description="spend allowed in 24 hours, in millionths")] = None
    price_micros: Annotated[int | None, Meta(description="price a month, in millionths")] = None
    rate_micros: Annotated[
        int | None, Meta(description="of a currency: one unit of it in the operator's own, in millionths")
    ] = None
    currency: Annotated[str | None, Meta(description="ISO 4217")] = None
    charge_kind: Annotated[str | None, Meta(description="how it is charged: recurring or one_off")] = None
    bill_cycle: Annotated[str | None, Meta(description="the cycle the account is billed in")] = None
    zone: Annotated[str | None, Meta(description="time zone")] = None
    since: Annotated[int | None, Meta(description="customer or subscriber since")] = None
    msisdn: Annotated[str | None, Meta(description="the subscriber's number: E.164 digits without `+`")] = None
    imsi: Annotated[str | None, Meta(description="the SIM")] = None
    imei: Annotated[str | None, Meta(description="the device")] = None
    country: Annotated[str | None, Meta(description="ISO 3166 country")] = None
    number_type: Annotated[
        str | None, Meta(description="what the range serves: mobile, fixed, premium, satellite, …")
    ] = None
    operator: Annotated[str | None, Meta(description="the operator it belongs to")] = None
    direction: Annotated[str | None, Meta(description="of a trunk: in, out or both")] = None
    list_name: Annotated[str | None, Meta(description="the list the entry is in")] = None
    rule: Annotated[str | None, Meta(description="a rule as `tollwatch rules publish` writes it, as JSON")] = None
    risk: Annotated[int | None, Meta(description="how risky, higher is worse")] = None
    latitude_e6: Annotated[int | None, Meta(description="millionths of a degree north")] = None
    longitude_e6: Annotated[int | None, Meta(description="millionths of a degree east")] = None
    name: Annotated[str | None, Meta(description="its name, for people")] = None
