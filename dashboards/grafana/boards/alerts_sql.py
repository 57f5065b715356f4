"""What the panels about alerts have in common."""

TENANT = "tenant IN (${tenant:singlequote})"
WITHIN = f"run = 'live' AND $__timeFilter(event_time) AND {TENANT}"
TENANTS = "SELECT DISTINCT tenant FROM alert"


def latest(where: str = "1 = 1") -> str:
    """The last revision of each alert whose latest event lies in the chosen time."""
    return f"(SELECT * FROM alert_latest WHERE {WITHIN} AND {where})"


def opened(where: str = "1 = 1") -> str:
    """The first revision of each alert that was opened in the chosen time."""
    return f"(SELECT * FROM alert FINAL WHERE {WITHIN} AND state = 'open' AND {where})"
