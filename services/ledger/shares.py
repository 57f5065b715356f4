"""Each cent once: what is left to each of several claims on the same money."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.ledger.facts import Share


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount in proportion to weights, to the last millionth; the first parts get what does not divide.

    Weights that come to nothing count alike.

    >>> split(10, [1, 1, 1]), split(-7, [0, 0]), split(5, [3, 2])
    ([4, 3, 3], [-4, -3], [3, 2])
    """
    sizes = [abs(weight) for weight in weights]
    total = sum(sizes)
    if not total:
        sizes, total = [1] * len(sizes), len(sizes)
    sign = -1 if amount < 0 else 1
    parts = [abs(amount) * size // total for size in sizes]
    left = abs(amount) - sum(parts)
    for n, size in enumerate(sizes):
        if left and size:
            parts[n] += 1
            left -= 1
    return [sign * part for part in parts]


class Pool:
    """What findings claim of units, on one side, and what is left to each; those of a smaller place come first.

    In each unit the first takes what it claims, and each after it only what exceeds that: together they come to the
    largest claim, whatever the order in which they arrived.

    >>> pool = Pool()
    >>> pool.claim((2, "late"), [Share("usage:1", 100), Share("usage:2", 5)])
    set()
    >>> pool.claim((1, "early"), [Share("usage:1", 70)])
    {'late'}
    >>> pool.net
    {'late': 35, 'early': 70}
    """

    def __init__(self) -> None:
        self.net: dict[str, int] = {}
        self._units: dict[str, dict[tuple[int, str], int]] = {}
        self._shares: dict[str, dict[str, int]] = {}

    def claim(self, place: tuple[int, str], shares: Iterable[Share]) -> set[str]:
        """Let a finding (its precedence and id) claim this much, and no more what it did; gives whose net changed."""
        finding_id = place[1]
        mine: dict[str, int] = {}
        for unit, micros in shares:
            if micros:
                mine[unit] = mine.get(unit, 0) + abs(micros)
        before = self._shares.get(finding_id, {})
        changed: dict[str, int] = {}
        for unit in before.keys() | mine.keys():
            if before.get(unit) == mine.get(unit):
                continue
            claims = self._units.setdefault(unit, {})
            for name, part in _parts(claims):
                changed[name] = changed.get(name, 0) - part
            if unit in mine:
                claims[place] = mine[unit]
            else:
                del claims[place]
            for name, part in _parts(claims):
                changed[name] = changed.get(name, 0) + part
        self._shares[finding_id] = mine
        for name, change in changed.items():
            self.net[name] = self.net.get(name, 0) + change
        return {name for name, change in changed.items() if change and name != finding_id}

    def totals(self) -> dict[str, int]:
        """Unit → the largest claim on it."""
        return {unit: max(claims.values()) for unit, claims in self._units.items() if claims}


def _parts(claims: Mapping[tuple[int, str], int]) -> Iterator[tuple[str, int]]:
    """What each claim on one unit gets."""
    taken = 0
    for place in sorted(claims) if len(claims) > 1 else claims:
        micros = claims[place]
        yield place[1], max(0, micros - taken)
        taken = max(taken, micros)
