"""Write down what the controls gave: leakages with their claims, evidence of both sides, runs."""

from collections.abc import Iterator

import msgspec
import polars as pl

from detectors.pairing.declared import Break, Control
from detectors.pairing.judge import Proof, claimed
from detectors.pairing.revisions import Held, Row
from tollwatch.findings import Claim, ControlRun, Evidence, Leakage
from tollwatch.identity import Hasher

SHOWN = 10


class LeakageWriter(msgspec.Struct, frozen=True):
    """Turns revisions into findings of one tenant and run."""

    tenant: str
    run: str
    hasher: Hasher

    def leakage(self, control: Control, broken: Break, held: Held, row: Row, found: Proof) -> Leakage:
        """One revision of a leakage."""
        claim = _claim(control, broken, held, found)
        subject = (control.subject_kind, held.product_id, held.period_start)
        return Leakage(
            leakage_id=self.hasher.finding_id(self.tenant, self.run, control.name(), broken.kind, *subject),
            revision=held.revision,
            state=held.state,
            control=control.name(),
            control_version=control.version,
            break_kind=broken.kind,
            subject_kind=control.subject_kind,
            subject=held.product_id,
            account_id=held.account_id,
            period_start=held.period_start,
            period_end=held.period_end,
            records=claim.count,
            amount_micros=held.amount,
            currency=held.currency,
            occurred_at=held.since,
            event_time=row["time"],
            age_s=max(0, row["time"] - held.since) // 1000,
            claim=claim,
            tenant=self.tenant,
            run=self.run,
        )

    def evidence(self, leakage: Leakage, found: Proof) -> Iterator[Evidence]:
        """The first rows of either side."""
        ordinal = 0
        for side, streams in (("left", found.left), ("right", found.right)):
            shown = [(name, row) for name, rows in streams for row in rows.head(SHOWN).iter_rows(named=True)]
            for stream, row in shown[:SHOWN]:
                facts = {name: value for name, value in row.items() if value is not None and not name.startswith("_")}
                yield Evidence(
                    finding_id=leakage.leakage_id,
                    revision=leakage.revision,
                    ordinal=ordinal,
                    stream=stream,
                    event_id=row["event_id"],
                    event_time=row["event_time"],
                    side=side,
                    row=msgspec.json.encode(facts, order="sorted").decode(),
                    tenant=self.tenant,
                    run=self.run,
                )
                ordinal += 1

    def control_run(
        self, control: Control, outcomes: pl.DataFrame, inputs: dict[str, int], time: int, *, final: bool
    ) -> ControlRun:
        """What a control made of one unit. The amount is 0 where the breaks are in several currencies."""
        broken = outcomes.filter(pl.col("broken").is_not_null())
        total = sum(broken["amount"].to_list()) if broken["currency"].n_unique() == 1 else 0
        return ControlRun(
            control=control.name(),
            control_version=control.version,
            event_time=time,
            inputs=inputs,
            breaks=len(broken),
            amount_micros=total,
            state="final" if final else "provisional",
            tenant=self.tenant,
            run=self.run,
        )


def _claim(control: Control, broken: Break, held: Held, found: Proof) -> Claim:
    side = control.left if broken.claims == "left" else control.right
    stream, rows = claimed(broken, found) or (side.stream, None)
    name = held.product_id.replace("'", "''")
    hashes = rows["_id"].to_list() if rows is not None else []
    return Claim(
        stream=stream,
        key=f"{side.key} = '{name}'",
        where=_where(side.where, side.offsets, stream == side.stream),
        since=int(rows["event_time"][0]) if rows is not None else held.since,
        until=int(rows["event_time"][-1]) if rows is not None else held.since,
        count=len(hashes),
        hash_sum=sum(hashes) % 2**64,
    )


def _where(where: str | None, offsets: str | None, own: bool) -> str:  # noqa: FBT001
    parts = [f"({part})" for part in (where, offsets) if part is not None] if own else []
    return " or ".join(parts) or "true"
