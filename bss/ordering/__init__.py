"""Ordering: product orders and their items, from a customer's wish to something done (TM Forum 622).

`items` knows the states and who may change them to what; `decompose` makes service orders of items, and concludes an
item when all of its service orders are.
"""
