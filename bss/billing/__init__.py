"""Billing: what customers owe for a period, as invoices whose lines add up to them.

`charges` says what each product owes for which days; `bill` makes lines and invoices of what is owed and was not billed
before, so that late orders, price changes and a run that is done again come out right; `rebill` takes an invoice back.
"""
