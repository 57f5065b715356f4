"""Create the topics on Kafka, or say which are missing or differ from the configuration."""

from collections.abc import Sequence
from pathlib import Path

from services.assembly import make_plan
from streams.live import topics
from tollwatch.config import Settings


def create_topics(settings: Settings, rules: Sequence[Path] = ()) -> list[str]:
    """Make what is missing; gives a sentence for each change. Raises ConfigurationError where a topic would shrink."""
    return topics.create(settings.kafka, topics.wanted(make_plan(settings, rules), settings))


def check_topics(settings: Settings, rules: Sequence[Path] = ()) -> list[str]:
    """What is missing or different, a sentence each."""
    return topics.check(settings.kafka, topics.wanted(make_plan(settings, rules), settings))
