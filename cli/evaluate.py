"""Run published protocols on public data: the published models first, then ours."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from services.lab.evaluate import as_markdown, evaluate_protocol


def evaluate(
    protocol: Literal["cards", "sichuan", "smtp"],
    *,
    from_: Annotated[Path, Parameter(name="--from")],
    form: Annotated[Literal["table", "markdown"], Parameter(name="--format")] = "table",
) -> None:
    """Print AUC and average precision of published models and of ours, on data that anybody can fetch.

    `docs/data-scientists.md` says where the data come from. `cards` takes about ten minutes, the others one or two.

    Try: tollwatch evaluate sichuan --from data/public

    Parameters
    ----------
    protocol
        Which one.
    from_
        The folder that holds the data.
    form
        table, or markdown as in `docs/models.md`.
    """
    found = evaluate_protocol(protocol, from_)
    if form == "markdown":
        print(as_markdown(protocol, found))
        return
    table = Table("model", "AUC", "AP", "CP@100", "published", "how")
    for each in found:
        published = " / ".join(f"{value:.3f}" for value in each.published or ()) or "–"
        cp = f"{each.cp_at_100:.3f}" if each.cp_at_100 is not None else "–"
        table.add_row(each.model, f"{each.auc:.3f}", f"{each.ap:.3f}", cp, published, each.note)
    Console().print(table)
