"""Test events that were planned, made, and not seen at every hop."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

SEEN = """
SELECT u.event_id AS event_id, u.event_time AS event_time, p.test AS test FROM {usage} AS u INNER JOIN (
    SELECT event_id AS test, calling_number AS caller, called_number AS callee, assumeNotNull(planned_at) AS at,
        ifNull(tolerance_s, 60) AS slack
    FROM {planned_tests} WHERE planned_at IS NOT NULL
) AS p ON u.calling_number = p.caller AND u.called_number = p.callee
WHERE u.record_type = 'originating' AND u.calling_number IN (SELECT calling_number FROM {planned_tests})
    AND abs(ifNull(u.start_time, u.event_time) - p.at) <= p.slack * 1000
"""
RATED = f"""
SELECT r.event_id AS event_id, r.event_time AS event_time, s.test AS test, r.charge_micros AS charge_micros,
    r.currency AS currency
FROM {{rated}} AS r INNER JOIN (SELECT event_id AS used, test FROM ({SEEN})) AS s ON r.refers_to = s.used
WHERE r.refers_to IN (SELECT event_id FROM ({SEEN}))
"""


class PlannedEventLost(Control, frozen=True):
    """Find planned test events that a hop which should have seen them has not, `within_s` seconds later.

    The loss is what the event was to cost. It tells at which hop events are lost, not how many.

    >>> [each.kind for each in PlannedEventLost().breaks()]
    ['not in usage', 'not rated', 'another price']
    """

    number = 34
    area = "network and usage"
    subject_kind = "event"
    weight = 3
    sides: ClassVar[dict[str, Side]] = {
        "planned": Side(
            stream="planned_tests",
            money="ifNull(expected_charge_micros, 0)",
            values={
                "at": "planned_at",
                "in_usage": "has(hops, 'usage')",
                "in_rated": "has(hops, 'rated')",
                "has_price": "expected_charge_micros IS NOT NULL",
            },
            account="''",
        ),
        "usage": Side(stream="usage", rows=SEEN, subject="test", currency="''", account="''"),
        "rated": Side(stream="rated", rows=RATED, subject="test", money="ifNull(charge_micros, 0)", account="''"),
    }
    needs = ("planned_tests", "usage")
    runbook = "Make the call again and follow it; look for what else the hop has lost since the last good one."

    within_s: int = 6 * 3600

    def breaks(self) -> list[Break]:
        """Lost at a named hop."""
        due = f"planned.records > 0 and as_of - planned.at >= {self.within_s * 1000}"
        rated = "planned.in_rated = 1 and usage.records > 0"
        return [
            Break(
                kind="not in usage",
                when=f"{due} and planned.in_usage = 1 and usage.records = 0",
                amount="planned.money",
                claims="planned",
                cause="Between the network and mediation.",
                correction="Follow the test event from hop to hop.",
            ),
            Break(
                kind="not rated",
                when=f"{due} and {rated} and rated.records = 0",
                amount="planned.money",
                claims="planned",
                cause="Between mediation and rating.",
                correction="Follow the test event from hop to hop.",
            ),
            Break(
                kind="another price",
                when=f"{due} and {rated} and planned.has_price = 1 and rated.money != planned.money",
                amount="planned.money - rated.money",
                claims="rated",
                cause="Priced by {rated.tariff_id}, version {rated.tariff_version}.",
                correction="Mend the price list or the plan of tests.",
            ),
        ]
