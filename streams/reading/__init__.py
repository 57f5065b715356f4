"""Reading files: bytes, lines, columns; what cannot be read goes to quarantine, whole and with its reason."""
