"""In which units the money of leakages lies: usage records, service-days, payments, invoice lines."""

from collections.abc import Iterable, Mapping, Sequence

from detectors.controls import Control
from detectors.controls.compile import compiled
from services.control_inputs import Inputs
from services.ledger.facts import Share

DAY_MS = 86_400_000
AT_ONCE = 1_000
MOST_DAYS = 400
"""A period that is longer is one unit of its own: no control speaks about more than a year."""
ALERTS = 1_000
ESTIMATES = 2_000


def precedence(control: type[Control]) -> int:
    """Who claims first: controls that count exactly, by their numbers; then alerts; last those that estimate.

    >>> from detectors.assurance import every_control
    >>> kinds = {kind.name(): kind for kind in every_control()}
    >>> precedence(kinds["usage_not_rated"]) < precedence(kinds["wrong_price"]) < ALERTS < precedence(kinds["file_gap"])
    True
    """
    return control.number + (ESTIMATES if control.estimates else 0)


def unit_shares(control: type[Control] | None, subject: str, period: tuple[int, int]) -> tuple[Share, ...]:
    """The units of a leakage that can be told from its subject and period (ms); none where they cannot.

    >>> from detectors.assurance import every_control
    >>> kinds = {kind.name(): kind for kind in every_control()}
    >>> unit_shares(kinds["wrong_price"], "r1", (0, DAY_MS))
    (Share(unit='usage:r1', micros=1),)
    >>> [share.unit for share in unit_shares(kinds["double_charge"], "p1", (0, 2 * DAY_MS))]
    ['service_day:p1:0', 'service_day:p1:1']
    """
    if control is None or not control.unit:
        return ()
    if control.unit != "service_day":
        return (Share(f"{control.unit}:{subject}", 1),)
    first, after = period[0] // DAY_MS, -(-period[1] // DAY_MS)
    if not 0 < after - first <= MOST_DAYS:
        return (Share(f"service_days:{subject}:{period[0]}", 1),)
    return tuple(Share(f"service_day:{subject}:{day}", 1) for day in range(first, after))


def row_shares(
    control: Control, found: Mapping[str, tuple[str, int]], inputs: Inputs
) -> Iterable[tuple[str, tuple[Share, ...]]]:
    """Leakage → the units of the rows that its money lies in. `found` has the subject and period start of each (ms)."""
    name, side = next(((n, s) for n, s in control.sides.items() if s.unit), (None, None))
    if name is None or side is None or not found:
        return
    inputs.derive(control)
    sql = compiled(control, inputs.relations).rows[name]
    subjects = sorted({subject for subject, _ in found.values()})
    rows: dict[str, list[tuple[int, Share]]] = {}
    for at in range(0, len(subjects), AT_ONCE):
        given = {"subjects": subjects[at : at + AT_ONCE], "as_of": inputs.as_of(control)}
        for row in inputs.store.query(sql, given).iter_rows(named=True):
            rows.setdefault(row["_subject"], []).append((row["_slot"], Share(row["_unit"], row["_money"])))
    for finding_id, (subject, start) in found.items():
        own = [share for slot, share in rows.get(subject, ()) if slot in (0, start)]
        yield finding_id, tuple(sorted(own))


def has_rows(controls: Sequence[Control]) -> list[Control]:
    """Controls whose money lies in the rows of a side."""
    return [control for control in controls if any(side.unit for side in control.sides.values())]
