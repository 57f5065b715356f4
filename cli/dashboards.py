"""Bring the dashboards to a Grafana."""

import os
from urllib.parse import urlsplit

from cyclopts import App

from dashboards.grafana.shipped import shipped_boards
from services.dashboards import push_dashboards
from tollwatch.errors import ConfigurationError
from tollwatch.safe_text import without_secrets

app = App(name="dashboards", help="Bring the dashboards to a Grafana.")
TOKEN = "TOLLWATCH_GRAFANA_TOKEN"  # noqa: S105  (the name of a variable)


@app.command
def push(url: str, /, *, folder: str = "Tollwatch") -> None:
    """Create the dashboards in a Grafana, or bring them up to date; the others stay as they are.

    The token of a service account with the role Editor stands in TOLLWATCH_GRAFANA_TOKEN. The data source has the uid
    `tollwatch` (`dashboards/grafana/provisioning` has it for compose.yaml).

    Try: TOLLWATCH_GRAFANA_TOKEN=glsa_… tollwatch dashboards push http://localhost:3000

    Parameters
    ----------
    url
        Where Grafana is.
    folder
        The title of the folder to put them into; made if it is not there.
    """
    token = os.environ.get(TOKEN)
    if not token:
        raise ConfigurationError(f"{TOKEN} is not set; make a service account in Grafana and give its token")
    if urlsplit(url).username or without_secrets(url) != url:
        raise ConfigurationError(
            "the address has a name or a password in it, which stays in the shell's history and in `ps`; give the "
            f"token of a service account in {TOKEN}"
        )
    boards = shipped_boards()
    push_dashboards(boards, url, token, folder=folder)
    print(f"{url}: {len(boards)} dashboards are up to date in the folder {folder}")
