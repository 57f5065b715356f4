"""Entry point of the console script, and of `python -m tollwatch` where no script is installed."""

from tollwatch.bundled import use_bundled_folders


def main() -> None:
    """Run the command; exits the process."""
    use_bundled_folders()
    from cli import main as run_command  # noqa: PLC0415  (importable only now)

    run_command()


if __name__ == "__main__":
    main()
