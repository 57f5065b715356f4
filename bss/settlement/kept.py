"""What settlement keeps: lines of statements."""

from bss.settlement.routes import SETTLED
from bss_kit.database import Kept

STATEMENTS = Kept("statement_lines", SETTLED, ("tenant", "statement_id", "line"), indexes=("partner_id",))
