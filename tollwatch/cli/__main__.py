"""`python -m tollwatch.cli` is the same as `tollwatch`."""

from tollwatch.cli import main

main()
