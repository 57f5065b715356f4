"""The inventory: which products customers have, and snapshots of what the network has (TM Forum 637 and 638)."""
