"""Write the files of raw events anew: `python -m store.tables`."""

from store.tables import FOLDER, raw_tables

for name, text in raw_tables().items():
    (FOLDER / name).write_text(text, "utf-8")
