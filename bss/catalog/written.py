"""The catalogue as product managers write it: one YAML file, and a CSV file for each price list."""

from datetime import date, datetime
from pathlib import Path
from typing import Literal

import msgspec

from bss_kit.money import check_currency
from bss_kit.periods import midnight, zone_of
from tollwatch.errors import ConfigurationError
from tollwatch.yaml_file import load_yaml

Service = Literal["voice", "sms", "mms", "data", "content"]


class Allowance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units that an offering includes in each period: seconds of voice, bytes of data, messages."""

    id: str
    service: Service
    units: int
    destinations: list[str] = []
    priority: int = 1
    rollover_periods: int = 0


class Offering(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be ordered, in one version (TM Forum: ProductOffering with its ProductOfferingPrices)."""

    id: str
    fee: str = "0"
    version: int = 1
    name: str | None = None
    tariff: str | None = None
    charging: Literal["online", "offline"] = "offline"
    in_advance: bool = False
    proration: Literal["days", "full", "none"] = "days"
    commitment: str = "0"
    one_off: dict[str, str] = {}
    allowances: list[Allowance] = []
    valid_from: str | None = None
    valid_to: str | None = None


class Band(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of the local day on some days; a band may have several."""

    band: str
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]]
    from_: str = msgspec.field(name="from", default="00:00")
    until: str = "24:00"

    def minutes(self) -> tuple[int, int]:
        """First minute of the day and the one behind the last. Raises ConfigurationError."""
        return _minute(self.from_, self.band), _minute(self.until, self.band)


class Promotion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A discount on the fee of an offering for the first months, where its condition holds."""

    id: str
    offering: str
    percent: str | None = None
    amount: str | None = None
    months: int | None = None
    condition: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None


class Tax(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tax on all that is billed."""

    id: str
    percent: str
    valid_from: str | None = None
    valid_to: str | None = None


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole catalogue."""

    currency: str
    zone: str
    valid_from: str
    offerings: list[Offering]
    tariffs: list[str] = []
    bands: list[Band] = []
    holidays: list[str] = []
    promotions: list[Promotion] = []
    taxes: list[Tax] = []

    def moment(self, text: str | None) -> int | None:
        """A local date, or a moment with its offset, in milliseconds. Raises ConfigurationError."""
        if text is None:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                moment = None
            if moment is None or moment.tzinfo is None:
                raise ConfigurationError(
                    f"catalogue: `{text}` is no day and no moment; write 2026-03-01 or 2026-03-01T12:00:00+01:00"
                ) from None
            return int(moment.timestamp() * 1000)
        return midnight(day, self.zone)


def _minute(text: str, where: str) -> int:
    hours, colon, minutes = text.partition(":")
    if colon and hours.isdecimal() and minutes.isdecimal() and int(minutes) < 60:
        minute = int(hours) * 60 + int(minutes)
        if minute <= 24 * 60:
            return minute
    raise ConfigurationError(f"band {where}: `{text}` is no time of day; write for example 08:00")


def read_catalogue(path: Path) -> Written:
    """Read a catalogue. Raises InputError where there is none, ConfigurationError naming what is wrong where."""
    try:
        written = msgspec.convert(load_yaml(path, as_written=True), Written, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}; docs/companions.md shows a whole catalogue") from error
    check_currency(written.currency, str(path))
    zone_of(written.zone)
    return written
