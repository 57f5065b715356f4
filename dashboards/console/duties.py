"""What a console does again and again beside its pages."""

from collections.abc import Callable

from dashboards.console.desk import Desk
from services.changes import tell_workers
from services.lists import end_expired
from services.rule_drafts import break_circuits
from services.webhooks import deliver
from tollwatch.config import Settings

Duty = Callable[[Desk], object]


def _of_each_tenant(desk: Desk) -> list[Settings]:
    return [desk.settings_of(tenant) for tenant in sorted(desk.settings.served_tenants())]


def expire_lists(desk: Desk) -> None:
    """End the entries of lists whose time is over."""
    end_expired(desk.home, desk.settings)


def tell(desk: Desk) -> None:
    """Tell the workers what was decided; a data directory's next run reads it by itself."""
    if desk.is_live:
        tell_workers(desk.home, desk.settings)


def pause_rules(desk: Desk) -> None:
    """Pause rules that alert more often than anybody can look at."""
    for settings in _of_each_tenant(desk):
        break_circuits(desk.data, desk.home, settings, live=desk.is_live)


def send_webhooks(desk: Desk) -> None:
    """Tell other systems of new and changed alerts."""
    tables = {tenant: desk.queue.table(tenant) for tenant in desk.settings.served_tenants()}
    deliver(tables, desk.data, desk.home, desk.settings)


def keep_books(desk: Desk) -> None:
    """Book what was found and said since, and write what stands."""
    for settings in _of_each_tenant(desk):
        desk.books(settings.tenant).refresh(at_leisure=True)


DUTIES: tuple[Duty, ...] = (expire_lists, tell, pause_rules, keep_books, send_webhooks)
