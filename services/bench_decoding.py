"""How long TAP, NRTRDE and CDR records take to be decoded, for `make bench`: the samples' records, again and again."""

import itertools
import time
from typing import Any

from bss.mediation.decoding import DECODERS, RECORDS
from services.formats import FOLDER

RECORDS_OF_EACH = 20_000


def decode_samples() -> dict[str, Any]:
    """CPU seconds and records of all forms together, and microseconds a record of each."""
    began, forms = time.process_time(), {}
    for form, decode in DECODERS.items():
        (sample,) = (FOLDER / "samples").glob(f"{form}.*")
        decoded = decode(sample.read_bytes())
        records = [(record.raw, decoded.header | {"record_number": record.number}) for record in decoded.records]
        start = time.process_time()
        for raw, header in itertools.islice(itertools.cycle(records), RECORDS_OF_EACH):
            RECORDS[form](raw, header)
        forms[form] = round((time.process_time() - start) * 1e6 / RECORDS_OF_EACH, 1)
    return {"cpu_s": time.process_time() - began, "events": len(forms) * RECORDS_OF_EACH, "alerts": {}, "us": forms}
