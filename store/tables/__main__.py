"""Write a file for the fields that events have gained: `python -m store.tables 0205_fields_of_companions`."""

import sys

from store.tables import FOLDER, new_fields_sql

text = new_fields_sql()
if text is None:
    print("every field has its column")  # noqa: T201
elif len(sys.argv) != 2:
    sys.exit("name the file: python -m store.tables 0205_what_the_fields_are_for")
else:
    (FOLDER / f"{sys.argv[1]}.sql").write_text(text, "utf-8")
