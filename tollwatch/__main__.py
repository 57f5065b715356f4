"""`python -m tollwatch`, where no script is installed."""

from tollwatch.cli import main

main()
