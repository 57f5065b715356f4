"""Bring dashboards to a Grafana: create them, or bring them up to date; others stay as they are."""

from collections.abc import Mapping
from typing import Any

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaClientError, GrafanaUnauthorizedError
from niquests.exceptions import RequestException

from tollwatch.errors import StoreAwayError, StoreError

FOLDER_UID = "tollwatch"


def push_dashboards(boards: Mapping[str, dict[str, Any]], url: str, token: str, *, folder: str) -> None:
    """Put dashboards (name -> JSON) into a folder, which is made if it is not there.

    Raises StoreError where Grafana refuses, StoreAwayError where it cannot be reached.
    """
    grafana = GrafanaApi.from_url(url, token, timeout=30)
    try:
        if FOLDER_UID not in {each["uid"] for each in grafana.folder.get_all_folders()}:
            grafana.folder.create_folder(folder, FOLDER_UID)
        for board in boards.values():
            grafana.dashboard.update_dashboard({"dashboard": board, "folderUid": FOLDER_UID, "overwrite": True})
    except GrafanaUnauthorizedError as error:
        raise StoreError(f"Grafana at {url} does not take the token ({error.message}); is it an Editor's?") from error
    except GrafanaClientError as error:
        raise StoreError(f"Grafana at {url}: {error}") from error
    except (RequestException, OSError) as error:
        raise StoreAwayError(f"Grafana at {url} cannot be reached; is it running, is the address right?") from error
