"""The line, one file per stage in the order of the flow."""
