"""What a console does again and again beside its pages."""

from collections.abc import Callable

from dashboards.console.desk import Desk
from services.lists import end_expired


def expire_lists(desk: Desk) -> None:
    """End the entries of lists whose time is over."""
    end_expired(desk.home, desk.settings)


DUTIES: tuple[Callable[[Desk], object], ...] = (expire_lists,)
