"""Numbers of subscribers as E.164 digits without `+`, by `phonenumbers`: what cannot be a number is none.

A number of a country may be written as it is dialled there (with the trunk zero, with the country's own way to dial
abroad) or internationally (`+`, `00`). Whether it *can* be one is asked, by its length; whether it is assigned is not:
the plans of the world change faster than any table.
"""

import re
from functools import lru_cache
from typing import Literal

import msgspec
import phonenumbers
import polars as pl
from phonenumbers import ValidationResult

ANYWHERE = "E164"
WRAPPED = re.compile(r"^(?:=?\"(?P<quoted>[^\"]*)\"|'(?P<text>.*))$")
SHORT = re.compile(r"^[0-9*#]{2,6}$")
NAME = re.compile(r"^(?=.*[^\W\d_])[\w .&+!-]{1,15}$")
SEPARATORS = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]")
DIGITS = re.compile(r"^[0-9]{5,15}$")
KEPT = 1 << 17


class NumberForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How numbers are written: those of a `country` (ISO 3166, two letters), or of that which a column names.

    The country `E164` means that all of them are international, with `+`, `00` or nothing before the country code.
    `allow` lets short codes and alphanumeric senders stand as they are.
    """

    country: str = ANYWHERE
    country_column: str | None = None
    allow: list[Literal["short", "alphanumeric"]] = []


def is_country(text: str) -> bool:
    """Whether there is such a country, or it is `E164`.

    >>> is_country("GB"), is_country("UK"), is_country("E164")
    (True, False, True)
    """
    return text == ANYWHERE or text in phonenumbers.SUPPORTED_REGIONS


def normalised(source: pl.Series, form: NumberForm, countries: pl.Series | None = None) -> pl.Series:
    """The numbers as digits; null for what cannot be one."""
    if countries is None:
        distinct = source.unique().drop_nulls().to_list()
        made = {text: number(text, form.country, tuple(form.allow)) for text in distinct}
        return source.replace_strict(made, default=None, return_dtype=pl.String)
    pairs = zip(source.to_list(), countries.to_list(), strict=True)
    found = [number(text, country, tuple(form.allow)) if text and country else None for text, country in pairs]
    return pl.Series(found, dtype=pl.String)


@lru_cache(KEPT)
def number(text: str, country: str, allow: tuple[str, ...] = ()) -> str | None:
    """One number; None where it cannot be one.

    >>> number("+44 (0)7900-900125", "GB"), number("07900 900125", "GB"), number("00447900900125", "E164")
    ('447900900125', '447900900125', '447900900125')
    >>> number("112", "GB"), number("112", "GB", ("short",)), number("4.479E+11", "GB")
    (None, '112', None)
    """
    wrapped = WRAPPED.match(text.strip())
    plain = (wrapped["quoted"] if wrapped["quoted"] is not None else wrapped["text"]) if wrapped else text.strip()
    if "short" in allow and SHORT.match(plain):
        return plain
    if NAME.match(plain) and not re.match(r"^[0-9.]+[eE]\+?[0-9]+$", plain):
        return plain if "alphanumeric" in allow else None
    dialled = SEPARATORS.sub("", plain.replace("(0)", ""))
    if country == ANYWHERE:
        digits = dialled.removeprefix("+") if dialled.startswith("+") else dialled.removeprefix("00")
        return _possible(f"+{digits}", None) if DIGITS.match(digits) else None
    if not DIGITS.match(dialled.removeprefix("+")) or not is_country(country):
        return None
    return _possible(f"+{dialled[2:]}" if dialled.startswith("00") else dialled, country)


def _possible(dialled: str, country: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(dialled, country)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(parsed) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
