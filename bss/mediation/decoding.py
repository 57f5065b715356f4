"""What a binary file is, by its first bytes, and how it is decoded."""

from collections.abc import Callable

from bss.mediation import cdr_3gpp, nrtrde, tap
from bss.mediation.ber import Buffer
from bss.mediation.decoded import Decoded, Header, Row

DECODERS: dict[str, Callable[[Buffer], Decoded]] = {
    nrtrde.FORM: nrtrde.decode,
    tap.FORM: tap.decode,
    cdr_3gpp.FORM: cdr_3gpp.decode,
}
RECORDS: dict[str, Callable[[bytes, Header], Row]] = {
    nrtrde.FORM: nrtrde.decode_record,
    tap.FORM: tap.decode_record,
    cdr_3gpp.FORM: cdr_3gpp.decode_record,
}


def form_of(data: Buffer) -> str | None:
    """The form of a binary file; None where it is none of those that are read.

    NRTRDE comes first: it has the tag of a TAP file, and would be read as one without records.
    """
    if nrtrde.is_nrtrde(data):
        return nrtrde.FORM
    if tap.is_tap(data):
        return tap.FORM
    return cdr_3gpp.FORM if cdr_3gpp.is_cdr_file(data) else None
