"""Rating: what each usage record costs, by price lists and allowances.

`plan` compiles rows of `reference` into arrays, `rate` prices a table of usage with them in one compiled pass, and
`allowances` grants, carries over and remembers what offerings include. What cannot be priced is not lost: it becomes a
row of `rated` with a `rating_error`, and is priced again when the catalogue knows more.
"""
