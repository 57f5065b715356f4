"""Run a plan over the events that are stored: what it would have found, and nothing else."""

from dataclasses import replace

from store.stored_source import stored_sources
from streams.embedded import Progress, Run, go_surely
from streams.frame import ADMITTED
from streams.in_memory_sink import InMemorySink
from streams.plan import Plan
from tollwatch.config import Settings
from tollwatch.ports import Store


def run_on_the_past(
    plan: Plan,
    store: Store,
    settings: Settings,
    sink: InMemorySink,
    *,
    since_ms: int | None = None,
    until_ms: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Give the sink what a plan finds in events from `since_ms` on and before `until_ms`; gives how many were read.

    Columns that the plan does not read are left where they are, and no event is marked as a copy again: a plan of one
    detector takes a fraction of what the whole line takes.
    """
    plan = replace(plan, marks=False)
    sources = stored_sources(store, since=since_ms, until=until_ms, columns=plan.columns())
    line = go_surely(lambda: Run(sources, plan, settings, as_of_ms=ADMITTED, store=sink, progress=progress))
    return line.events
