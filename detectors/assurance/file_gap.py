"""Files that a network element has numbered and nobody has seen."""

from typing import ClassVar

from detectors.controls import Break, Control, Side

FILES = """
SELECT event_id, event_time, mean, paid_in,
    concat(source, '-', leftPad(toString((previous + n) % modulus), 4, '0')) AS missing
FROM (
    SELECT *, arrayJoin(range(1, toUInt64(greatest(step, 1)))) AS n FROM (
        SELECT *, (number - previous + modulus) % modulus AS step FROM (
            SELECT event_id, event_time, source, toInt64(assumeNotNull(sequence_number)) AS number,
                toInt64(ifNull(sequence_modulus, 2147483648)) AS modulus,
                lagInFrame(number, 1, toInt64(-1)) OVER w AS previous,
                intDiv(sum(ifNull(amount_micros, 0)) OVER m, count() OVER m) AS mean,
                max(ifNull(currency, '')) OVER m AS paid_in
            FROM {batches} WHERE kind = 'file' AND state = 'closed' AND sequence_number IS NOT NULL
            WINDOW w AS (PARTITION BY source ORDER BY event_time, event_id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW),
                m AS (PARTITION BY source ORDER BY event_time, event_id ROWS BETWEEN 96 PRECEDING AND CURRENT ROW)
        )
    ) WHERE previous >= 0 AND step BETWEEN 2 AND 1000
)
"""


class FileGap(Control, frozen=True):
    """Find numbers that are missing between two files of a source; each is worth the mean of the last 96 files.

    Numbers begin anew where the source says so. A gap of more than a thousand is a counter that was set anew.

    >>> FileGap().breaks()[0].kind
    'missing file'
    """

    number = 1
    area = "network and usage"
    subject_kind = "file"
    weight = 4
    unit = "file"
    sides: ClassVar[dict[str, Side]] = {
        "next": Side(
            stream="batches", rows=FILES, subject="missing", values={"mean": "mean"}, currency="paid_in", account="''"
        )
    }
    estimates = True
    runbook = "Ask for the file at the network element while it keeps it; mediate it, rate it, bill it late."

    def breaks(self) -> list[Break]:
        """A number that never came."""
        return [
            Break(
                kind="missing file",
                when="next.records > 0",
                amount="next.mean",
                claims="next",
                cause="Missing before file {next.batch_id} of {next.source}.",
                correction="Fetch file {subject} from the network element and mediate it.",
            )
        ]
