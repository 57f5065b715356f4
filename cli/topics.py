"""Create the topics on Kafka, or check them."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from services.topics import check_topics, create_topics
from tollwatch.config import load_settings

app = App(name="topics", help="Create the topics on Kafka, or check them.")
DIFFERENT = 5


@app.command
def create(
    *,
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    config: Path | None = None,
) -> None:
    """Make the topics that are missing, with the partitions and replicas of the configuration.

    A raw topic with fewer partitions grows; none ever shrinks: more than are configured are refused.

    Try: TOLLWATCH_KAFKA__SERVERS=localhost:9092 tollwatch topics create

    Parameters
    ----------
    rules
        The rules files that the workers will run: each new key has a topic of frames.
    config
        A settings file.
    """
    said = create_topics(load_settings(config), rules)
    print("\n".join(said) or "all topics are there")


@app.command
def check(
    *,
    rules: Annotated[tuple[Path, ...], Parameter(consume_multiple=True)] = (),
    config: Path | None = None,
) -> int:
    """Say which topics are missing or differ from the configuration; exit code 5 where one does.

    Try: tollwatch topics check

    Parameters
    ----------
    rules
        The rules files that the workers run.
    config
        A settings file.
    """
    said = check_topics(load_settings(config), rules)
    for sentence in said:
        print(sentence, file=sys.stderr)
    if not said:
        print("all topics are there")
    return DIFFERENT if said else 0
