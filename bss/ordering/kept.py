"""What ordering keeps: items, and the service orders they became."""

from bss.ordering.decompose import SERVICE_ORDERS as SERVICE_ORDERS_COLUMNS
from bss.ordering.items import ITEMS as ITEMS_COLUMNS
from bss_kit.database import Kept

ITEMS = Kept("order_items", ITEMS_COLUMNS, ("tenant", "order_item_id"), indexes=("state",))
SERVICE_ORDERS = Kept(
    "service_orders", SERVICE_ORDERS_COLUMNS, ("tenant", "service_order_id"), indexes=("state", "order_item_id")
)
