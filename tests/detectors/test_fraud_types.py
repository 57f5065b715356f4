"""Types of fraud are MISP's tags, letter by letter, and people see titles."""

import pytest

from detectors.fraud_types import FRAUD_TYPES, fraud_type
from tollwatch.errors import RuleError


def test_values_are_spelled_as_the_taxonomy_spells_them() -> None:
    """Two of its values have a slip of the pen; corrected they would match nobody's tags."""
    assert fraud_type("scartch-card-abuse").title == "Scratch card abuse"
    assert fraud_type("data-charing-bypass").title == "Data charging bypass"
    assert len(FRAUD_TYPES) == 49


def test_what_is_no_tag_is_answered_with_the_nearest() -> None:
    """A detector's author sees what there is."""
    with pytest.raises(RuleError, match="did you mean `scartch-card-abuse`"):
        fraud_type("scratch-card-abuse")
