"""Use cases, one file each, for the command and the console alike; `assembly` wires the parts together, once."""
