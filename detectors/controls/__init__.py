"""What revenue-assurance controls are made of: how they are declared, and the SQL that they become."""

from detectors.controls.compile import compiled
from detectors.controls.language import Break, Control, Side

__all__ = ["Break", "Control", "Side", "compiled"]
