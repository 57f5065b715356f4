"""Mediation: what network elements and roaming partners write, as records of usage.

`decoding` tells what a binary file is and reads it: TAP 3 (`tap`), NRTRDE 2.1 (`nrtrde`), CDR files of 3GPP TS 32.297
with records of TS 32.298 (`cdr_3gpp`). A record becomes columns with the format's own values; which of them is which
field of `usage` is said by a mapping (`examples/mappings`), as for every other file.
"""
