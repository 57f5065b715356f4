"""The ledger: double entry, from sub-ledgers to the general ledger, by period and account code."""
