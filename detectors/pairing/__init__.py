"""The set-wise engine of the controls: tables kept, joined when a batch closes or a late row arrives."""

from detectors.pairing.pairing import Pairing
from detectors.pairing.space import assurance_key_space

__all__ = ["Pairing", "assurance_key_space"]
