"""What activation keeps: the network."""

from bss.activation.network import NETWORK as NETWORK_COLUMNS
from bss_kit.database import Kept

NETWORK = Kept("network", NETWORK_COLUMNS, ("tenant", "product_id"), indexes=("subscriber_id",))
