"""What gives events a score: one file per model, named after it."""

import importlib

from models.contract import Scorer
from tollwatch.errors import ConfigurationError


def scorer(name: str) -> Scorer:
    """A new model by its name: `payment_risk` is the class `PaymentRisk` of `models/payment_risk.py`.

    >>> scorer("payment_risk").version
    1
    """
    try:
        module = importlib.import_module(f"models.{name}")
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"there is no model `{name}` in models/; name one that has a file there") from error
    made: Scorer = getattr(module, name.title().replace("_", ""))()
    return made
