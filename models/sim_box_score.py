"""SIM box score: how likely a SIM's day of calls is a bypass, learnt from verdicts by trees fitted as they come."""

from models.sim_view import SimView
from models.small_forest import SmallForest


class SimBoxScore(SimView, SmallForest):
    """Trees over seven inputs of a SIM's day."""

    name = "sim_box_score"
    version = 1
