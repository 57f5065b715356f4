"""Run a worker: frames, detectors and controls on Kafka."""

import logging
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cli._logs import set_up_logs
from services.worker import make_worker
from tollwatch.config import load_settings


def worker(
    *,
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    state: str | None = None,
    config: Path | None = None,
    log_level: str = "INFO",
) -> None:
    """Take what comes on Kafka, with as many other workers as are started, and store what is found.

    Workers of one `app` share the work; one that ends or dies is replaced by the others within `session_timeout_s`,
    and nothing is lost. Ctrl-C ends it in peace.

    Try: TOLLWATCH_CLICKHOUSE=clickhouse://default@localhost:9000/tollwatch tollwatch worker

    Parameters
    ----------
    rules
        YAML files with rules of your own; the same for all workers.
    state
        Where snapshots are kept: a folder, or a URL that fsspec understands; all workers must reach it.
    config
        A settings file.
    log_level
        DEBUG, INFO, WARNING or ERROR.
    """
    settings = load_settings(config)
    set_up_logs(log_level)
    own = make_worker(settings, rules, state)
    logging.getLogger("tollwatch.worker").info("starting: %r", settings)
    own.run(log_level)
