"""Settlement: what partners owe us and we owe them: interconnect both ways, roaming, content, dealers' commissions."""
