"""The engine runs all detectors of one key space over aligned rows in one compiled pass."""

from detectors.engine.engine import Engine
from detectors.engine.program import ModelFeatures

__all__ = ["Engine", "ModelFeatures"]
