"""What mediation keeps between files."""

from bss.mediation.duplicates import SEEN as SEEN_COLUMNS
from bss.mediation.held import HELD as HELD_COLUMNS
from bss.mediation.legs import LEGS as LEGS_COLUMNS
from bss.mediation.register import FILES as FILES_COLUMNS
from bss_kit.database import Kept

FILES = Kept("mediation_files", FILES_COLUMNS, ("tenant", "sha256"))
SEEN = Kept("mediation_seen", SEEN_COLUMNS, ("tenant", "event_time", "key"))
HELD = Kept("mediation_held", HELD_COLUMNS, ("tenant", "event_id"))
PARTS = Kept("mediation_parts", HELD_COLUMNS, ("tenant", "event_id"))
LEGS = Kept("mediation_legs", LEGS_COLUMNS, ("tenant", "event_id"))
