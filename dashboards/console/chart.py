"""Charts as SVG, made on the server: they need no script, and print."""

from collections.abc import Sequence
from datetime import UTC, datetime

from markupsafe import Markup, escape

WIDTH, HEIGHT, FOOT, HEAD = 640, 150, 18, 14
DAY_MS = 86_400_000


def bars(found: Sequence[tuple[int, str, int]], *, step_ms: int, steps: int, until_ms: int, mark_ms: int = 0) -> Markup:
    """How many of each kind there were in each of `steps` parts of a time: stacked bars, with a title on each.

    `found` has (start of the part, kind, number); the part of `mark_ms` is marked.
    """
    last = until_ms // step_ms * step_ms
    starts = [last - step_ms * (steps - 1 - n) for n in range(steps)]
    kinds = sorted({kind for _, kind, _ in found})
    totals = {start: sum(n for at, _, n in found if at == start) for start in starts}
    highest = max([*totals.values(), 1])
    width = WIDTH / steps
    parts = []
    for n, start in enumerate(starts):
        below = float(HEIGHT - FOOT)
        for number, kind in enumerate(kinds):
            count = sum(each for at, own, each in found if at == start and own == kind)
            if not count:
                continue
            height = max((HEIGHT - FOOT - HEAD) * count / highest, 1.0)
            below -= height
            parts.append(
                f'<rect class="k{number % 6}" x="{n * width + 2:.1f}" y="{below:.1f}" width="{width - 4:.1f}" '
                f'height="{height:.1f}"><title>{_day(start, step_ms)}: {count:,} {escape(kind)}</title></rect>'
            )
        if step_ms < DAY_MS and n % 3 != steps % 3:
            continue
        marked = " marked" if start <= mark_ms < start + step_ms else ""
        parts.append(
            f'<text class="axis{marked}" x="{n * width + width / 2:.1f}" y="{HEIGHT - 5}">{_day(start, step_ms)}</text>'
        )
    legend = "".join(f'<li class="k{n % 6}">{escape(kind)}</li>' for n, kind in enumerate(kinds))
    label = f"{sum(totals.values()):,} in all, at most {max(totals.values(), default=0):,} in one bar"
    return Markup(  # noqa: S704  (kinds are escaped, the rest are our own numbers)
        f'<figure class="chart"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}'
        f'<text class="axis top" x="2" y="11">{highest:,}</text></svg><ul class="legend">{legend}</ul></figure>'
    )


def _day(ms: int, step_ms: int) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.strftime("%d.%m.") if step_ms >= DAY_MS else at.strftime("%H:%M")
