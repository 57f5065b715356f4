"""The attributes of reference entities: one flat struct, so that they are columns; each entity uses its own part."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Attributes(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a reference row says of its entity. A field that the entity does not use is null.

    account: `account_class` (prepaid, postpaid, business, m2m), `limit_micros` (spend allowed in 24 h), `currency`,
    `bill_cycle`, `zone`, `since`. subscriber: `account_id`, `msisdn`, `imsi`, `imei`, `product_offering_id`.
    number_range: id = the digits it begins with; `country`, `number_type`, `operator`. list: id = the entry,
    `list_name`, `risk`. cell: `latitude_e6`, `longitude_e6`. trunk: `operator`, `direction`. exchange_rate: id =
    currency, `rate_micros` to the operator's own. rule: id = its name, `rule` = the rule itself as
    `tollwatch rules publish` writes it. model: id = the detector, `artifact` = the model that scores for it from then
    on, without one the product's own. agent: `limit_micros` (credit without another's consent).

    offering: `price_micros` a month, `currency`, `charge_kind`, `version`, `tariff_id`, `charging`, `in_advance`,
    `proration`, `commitment_micros`. price: another charge of `product_offering_id`: `price_micros`, `charge_kind`.
    tariff: one row of a price list; `tariff_id`, `version`, `service`, `place`, `prefix` or `exact`, `destination`,
    `band` (`days`, `from_minute`, `until_minute` in `zone`), `from_units`, `connect_micros`, `rate_micros` for
    `per_units`, `first_units`, `step_units`, `rounding`, `round_micros`, `split_bands`. allowance:
    `product_offering_id`, `service`, `destination` (several with commas), `units`, `priority`, `rollover_periods`.
    promotion: `product_offering_id`, `share_ppm` or `price_micros`, `months`, `condition`. tax: `share_ppm`.
    route_rate: `partner_id`, `direction`, `route`, `prefix`, `rate_micros` for `per_units`. contract: `partner_id`,
    `share_ppm` from `from_units` on, `price_micros` (the commission of an activation), `clawback_days`. bill_cycle:
    id = its name, `day`, `zone`. product: what was agreed for one product: `price_micros`, `product_offering_id`.
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
    artifact: Annotated[str | None, Meta(description="the hash of a trained model, of `tollwatch models list`")] = None
    rule: Annotated[str | None, Meta(description="a rule as `tollwatch rules publish` writes it, as JSON")] = None
    risk: Annotated[int | None, Meta(description="how risky, higher is worse")] = None
    latitude_e6: Annotated[int | None, Meta(description="millionths of a degree north")] = None
    longitude_e6: Annotated[int | None, Meta(description="millionths of a degree east")] = None
    name: Annotated[str | None, Meta(description="its name, for people")] = None
    version: Annotated[int | None, Meta(description="the version of an offering or a price list")] = None
    product_offering_id: Annotated[str | None, Meta(description="the offering it belongs to")] = None
    tariff_id: Annotated[str | None, Meta(description="the price list of usage")] = None
    charging: Annotated[
        str | None, Meta(description="online (the balance is asked first) or offline (the bill comes later)")
    ] = None
    in_advance: Annotated[bool | None, Meta(description="whether a period is billed before it begins")] = None
    proration: Annotated[
        str | None, Meta(description="part of a period: days (by calendar days), full or none (nothing is charged)")
    ] = None
    commitment_micros: Annotated[int | None, Meta(description="least amount of an invoice, in millionths")] = None
    service: Annotated[str | None, Meta(description="voice, sms, mms, data or content")] = None
    place: Annotated[str | None, Meta(description="home, roaming, or roaming_in for calls received abroad")] = None
    prefix: Annotated[str | None, Meta(description="digits that the number, network or rating group begins with")] = (
        None
    )
    exact: Annotated[str | None, Meta(description="the whole number, network or rating group")] = None
    destination: Annotated[str | None, Meta(description="the price list's name for where it goes")] = None
    band: Annotated[str | None, Meta(description="the band of time; none: at all times")] = None
    days: Annotated[str | None, Meta(description="days of a band: mon tue wed thu fri sat sun holiday")] = None
    from_minute: Annotated[int | None, Meta(description="minute of the local day at which a band begins")] = None
    until_minute: Annotated[int | None, Meta(description="minute at which it ends, excluded")] = None
    from_units: Annotated[int | None, Meta(description="units after which a row or a share holds")] = None
    connect_micros: Annotated[int | None, Meta(description="price of being answered, in millionths")] = None
    per_units: Annotated[int | None, Meta(description="how many units `rate_micros` pays for")] = None
    first_units: Annotated[int | None, Meta(description="least units charged")] = None
    step_units: Annotated[int | None, Meta(description="units are charged in whole steps of so many")] = None
    rounding: Annotated[str | None, Meta(description="up, down or half_even, to whole `round_micros`")] = None
    round_micros: Annotated[int | None, Meta(description="a charge is rounded to whole multiples, in millionths")] = (
        None
    )
    split_bands: Annotated[
        bool | None, Meta(description="whether a call that goes on into another band is priced there by that band")
    ] = None
    units: Annotated[int | None, Meta(description="units of an allowance in a period: seconds, bytes or events")] = None
    priority: Annotated[int | None, Meta(description="allowances are used in this order, lowest first")] = None
    rollover_periods: Annotated[
        int | None, Meta(description="for how many further periods what is left of an allowance may be used")
    ] = None
    share_ppm: Annotated[int | None, Meta(description="a share in millionths of the whole")] = None
    months: Annotated[int | None, Meta(description="for how many months from the product's start")] = None
    condition: Annotated[str | None, Meta(description="an expression that must hold, in the language of rules")] = None
    partner_id: Annotated[str | None, Meta(description="the operator or supplier on the other side")] = None
    route: Annotated[str | None, Meta(description="the route it took")] = None
    clawback_days: Annotated[
        int | None, Meta(description="a commission is taken back where the product ends within so many days")
    ] = None
    day: Annotated[int | None, Meta(description="day of the month on which a cycle begins (1 to 28)")] = None
