"""Bring the dashboards to a Grafana."""

import json
import os
from pathlib import Path
from typing import Any

from cyclopts import App
from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaUnauthorizedError
from niquests.exceptions import RequestException

import dashboards.grafana
from tollwatch.errors import ConfigurationError, StoreAwayError, StoreError

app = App(name="dashboards", help="Bring the dashboards to a Grafana.")
FOLDER = "tollwatch"
TOKEN = "TOLLWATCH_GRAFANA_TOKEN"  # noqa: S105  (the name of a variable)


def made() -> dict[str, dict[str, Any]]:
    """Every dashboard of the package, by the name of its file."""
    folder = Path(dashboards.grafana.__path__[0]) / "json"
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


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
    grafana = GrafanaApi.from_url(url, token, timeout=30)
    try:
        if FOLDER not in {each["uid"] for each in grafana.folder.get_all_folders()}:
            grafana.folder.create_folder(folder, FOLDER)
        boards = made()
        for board in boards.values():
            grafana.dashboard.update_dashboard({"dashboard": board, "folderUid": FOLDER, "overwrite": True})
    except GrafanaUnauthorizedError as error:
        raise StoreError(f"Grafana at {url} does not take the token ({error.message}); is it an Editor's?") from error
    except GrafanaClientError as error:
        raise StoreError(f"Grafana at {url}: {error}") from error
    except (RequestException, OSError) as error:
        raise StoreAwayError(f"Grafana at {url} cannot be reached; is it running, is the address right?") from error
    print(f"{url}: {len(boards)} dashboards are up to date in the folder {folder}")
