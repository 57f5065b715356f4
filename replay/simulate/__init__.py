"""A small operator, simulated hour by hour from a seed; `run` drives it, `population` says who lives there."""
