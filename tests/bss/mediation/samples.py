"""Write the samples of binary files beside the ready mappings: python -m tests.bss.mediation.samples."""

from services.formats import FOLDER
from tests.bss.mediation.files import cs_record, framed, nrtrde_call, nrtrde_file, tap_call, tap_file

SAMPLES = {
    "tap.tap": lambda: tap_file([tap_call(), tap_call(1, duration_s=0)]),
    "nrtrde.nrt": lambda: nrtrde_file([nrtrde_call(), nrtrde_call(1, duration=0)]),
    "cdr_3gpp.cdr": lambda: framed([cs_record(), cs_record("mtCallRecord", 1, answerTime=None, callDuration=0)]),
}

if __name__ == "__main__":
    for name, make in SAMPLES.items():
        (FOLDER / "samples" / name).write_bytes(make())
