"""Run the line again over events that are stored, with the same rules or with others."""

from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console

from services.replay import Period, replay_run
from tollwatch.config import load_settings
from tollwatch.times import parse_moment


def replay(
    *,
    to: Path,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    since: str | None = None,
    until: str | None = None,
    warm: float = 0,
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    run: str = "replay",
    topics: Annotated[bool, Parameter(negative=())] = False,
    config: Path | None = None,
) -> None:
    """Read stored events again, in the order in which they came, and write what is found into a folder.

    The findings that are stored stay as they are: ids carry the name of the run. With `--run live` and the rules that
    were in force, the files are, byte for byte, what `tollwatch alerts` and `tollwatch leakages` print of the past with
    --all-revisions --format ndjson; changes of rules and lists are events and take place again.

    Try: tollwatch replay --from data --to again --rules my.yaml --run my-rules

    Parameters
    ----------
    to
        The folder for `alerts.ndjson` and `leakages.ndjson`.
    from_
        The data directory; default: the server of the settings.
    since
        Findings from this event time on (ISO 8601).
    until
        Events before this event time.
    warm
        Days before `since` that are read to fill windows; what is found in them is not written.
    rules
        YAML files with rules.
    run
        The name of this run.
    topics
        Read the raw topics of Kafka instead of the stored events, as far back as they are kept.
    config
        A settings file.
    """
    settings = msgspec.structs.replace(load_settings(config), run=run)
    period = Period(parse_moment(since) if since else None, parse_moment(until) if until else None, warm)
    done = replay_run(to, settings, data=from_, rules=rules, period=period, from_topics=topics)
    said = ", ".join(f"{number:,} revisions of {kind}" for kind, number in done.revisions.items())
    rate = int(done.events / max(done.seconds, 0.001))
    Console(stderr=True).print(f"{to}: {said}; {done.events:,} events in {done.seconds:.1f} s ({rate:,} a second)")
