"""Published protocols, run and written down."""

from pathlib import Path

from replay.lab.published import PROTOCOLS, Result


def evaluate_protocol(name: str, folder: Path) -> list[Result]:
    """Run a protocol over a folder of public data. Raises InputError where a file is missing."""
    return PROTOCOLS[name].run(folder)


def as_markdown(name: str, found: list[Result]) -> str:
    """A section of `docs/models.md`."""
    protocol = PROTOCOLS[name]
    lines = [f"## {protocol.title}", "", protocol.meaning, ""]
    lines += ["| model | AUC | AP | CP@100 | published | how |", "|---|---|---|---|---|---|"]
    for each in found:
        published = " / ".join(f"{value:.3f}" for value in each.published or ()) or "–"
        cp = f"{each.cp_at_100:.3f}" if each.cp_at_100 is not None else "–"
        lines.append(f"| {each.model} | {each.auc:.3f} | {each.ap:.3f} | {cp} | {published} | {each.note} |")
    return "\n".join(lines) + "\n"
