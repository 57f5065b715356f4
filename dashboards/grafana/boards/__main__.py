"""Write every dashboard as JSON; what is no dashboard any more goes."""

from pathlib import Path

from dashboards.grafana.boards import every_board
from dashboards.grafana.boards.grafana_json import as_json

FOLDER = Path(__file__).parent.parent / "json"


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    made = {f"{name}.json": as_json(board) for name, board in every_board().items()}
    for old in FOLDER.glob("*.json"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
