"""What the ledger keeps: the journal."""

from bss.ledger.journal import POSTINGS
from bss_kit.database import Kept

JOURNAL = Kept("journal", POSTINGS, ("tenant", "entry_id", "account_code", "side"), indexes=("period", "batch_id"))
