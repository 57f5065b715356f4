"""The catalogue: offerings, prices, allowances, price lists of usage, taxes, promotions; versions with their validity.

`written` reads what product managers write (YAML, and CSV for price lists); `published` makes rows of `reference` of
it, which rating, billing and the controls read; `checks` names what is wrong with such rows, whoever made them.
"""
