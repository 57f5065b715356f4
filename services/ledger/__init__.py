"""The ledger of loss: what findings claim, each cent once, and what became of it."""
