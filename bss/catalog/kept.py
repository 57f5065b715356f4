"""What the catalogue keeps: rows of `reference`."""

from bss_kit.database import Kept
from tollwatch.columns import schema

REFERENCE = Kept(
    "reference", schema("reference"), ("tenant", "entity", "id", "version", "valid_from"), indexes=("account_id",)
)
