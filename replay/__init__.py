"""Simulate an operator, plant frauds and leakages in it, and hold what was found against what was planted."""
