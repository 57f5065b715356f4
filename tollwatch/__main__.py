"""Entry point of the console script, and of `python -m tollwatch` where no script is installed."""

from importlib import import_module

from tollwatch.bundled import use_bundled_folders


def main() -> None:
    """Run the command; exits the process."""
    use_bundled_folders()
    import_module("cli").main()  # found only now: the words import nothing of ours


if __name__ == "__main__":
    main()
