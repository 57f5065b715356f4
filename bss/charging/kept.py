"""What charging keeps: balances, reservations, requests that were made, vouchers."""

from bss.charging.balances import BALANCES as BALANCES_COLUMNS
from bss.charging.balances import HOLDS as HOLDS_COLUMNS
from bss.charging.balances import REQUESTS as REQUESTS_COLUMNS
from bss.charging.vouchers import VOUCHERS as VOUCHERS_COLUMNS
from bss_kit.database import Kept

BALANCES = Kept("balances", BALANCES_COLUMNS, ("tenant", "account_id", "currency", "bucket", "expires_at"))
HOLDS = Kept("reservations", HOLDS_COLUMNS, ("tenant", "reservation_id"))
REQUESTS = Kept("charging_requests", REQUESTS_COLUMNS, ("tenant", "request_id"), indexes=("account_id",))
VOUCHERS = Kept("vouchers", VOUCHERS_COLUMNS, ("tenant", "serial"))
