"""Ready mappings for the call records of known systems: `tollwatch run --format asterisk`."""

from pathlib import Path

import msgspec

from streams.reading.mapping import Field, Mapping, load_mapping
from streams.reading.numbers import ANYWHERE, is_country
from streams.reading.times import is_zone
from tollwatch.errors import ConfigurationError

FOLDER = Path(__file__).parent.parent / "examples" / "mappings"


def names() -> dict[str, str]:
    """The formats there are, each with what its file says of it."""
    return {path.stem: _about(path) for path in sorted(FOLDER.glob("*.yaml"))}


def ready(name: str, *, country: str | None = None, zone: str | None = None) -> Mapping:
    """A ready mapping, with the country whose numbers are dialled there and the zone of its times.

    Raises ConfigurationError where there is no such format, country or zone.
    """
    if name not in names():
        raise ConfigurationError.unknown_word(name, list(names()), where="--format", what="format")
    if country is not None and not is_country(country):
        raise ConfigurationError(f"--country: there is no country `{country[:60]}`; write two letters such as GB")
    if zone is not None and not is_zone(zone):
        raise ConfigurationError(f"--zone: there is no time zone `{zone[:60]}`; write for example Europe/Copenhagen")
    mapping = load_mapping(FOLDER / f"{name}.yaml")
    fields: dict[str, Field | str] = {
        field: _of_country(mapping.field(field), country) if country is not None else given
        for field, given in mapping.fields.items()
    }
    return msgspec.structs.replace(mapping, name=name, fields=fields, zone=zone or mapping.zone)


def _of_country(field: Field, country: str) -> Field:
    form = field.number_form()
    if form is None or form.country != ANYWHERE or form.country_column is not None:
        return field
    return msgspec.structs.replace(field, number=msgspec.structs.replace(form, country=country))


def _about(path: Path) -> str:
    lines = path.read_text("utf-8").splitlines()
    comment = [line.removeprefix("#").strip() for line in lines[: next(n for n, x in enumerate(lines) if x[:1] != "#")]]
    return " ".join(comment)
