"""Use cases of the lab: train, keep, compare, promote."""
