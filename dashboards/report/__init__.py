"""The leakage report as files: one self-contained page, a workbook, CSV, NDJSON."""
