"""Charging: prepaid balances. Reserve, commit, debit, top up, refund, expire; each request takes effect once.

`balances` takes a table of requests through one compiled pass, in the order of their times; `vouchers` knows the life
of a voucher and lets it pay once.
"""
