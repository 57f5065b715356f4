"""The companions at work on an operator's own files: read their books, call their cores, write events and books."""
