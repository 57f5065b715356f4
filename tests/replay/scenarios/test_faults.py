"""What a fault says was lost is what the companions did otherwise: an operator with and without it, to the micro."""

from pathlib import Path

import polars as pl
import pytest

from replay.scenarios import _choosing, every_scenario, plant
from replay.simulate.faults import SHARES
from replay.simulate.population import World, populate
from replay.simulate.run import START, operator
from replay.truth import Truth, read_truth

IN_USAGE = ("file_gap", "mediation_loss", "suspense_ageing", "duplicate_cdr", "partial_assembly", "planned_event_lost")
IN_RATING = ("failed_rating", "usage_not_rated", "wrong_price", "charging_parity", "tariff_gap")
IN_BILLS = (
    *("provisioned_not_billed", "billed_not_provisioned", "double_charge", "wrong_proration", "bill_start_lag"),
    *("unauthorised_credit", "old_price"),
)
Operated = tuple[Path, list[Truth]]


@pytest.fixture(scope="module")
def world() -> World:
    """A village for three days."""
    return populate(1000, 3, 2, START)


def operated(world: World, names: list[str], folder: Path) -> Operated:
    """The operator with these scenarios: its files and the truth."""
    operator(world, plant(world, names)).write(folder, "parquet")
    return folder, [truth for truth in read_truth(folder / "truth.ndjson") if truth.kind == "leakage"]


@pytest.fixture(scope="module")
def sound(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator as it should be."""
    folder, truths = operated(world, [], tmp_path_factory.mktemp("sound"))
    assert truths == []
    return folder


@pytest.fixture(scope="module")
def faulty(world: World, tmp_path_factory: pytest.TempPathFactory) -> Operated:
    """The operator with every fault."""
    names = [name for name in every_scenario() if plant(world, [name]).faults]
    return operated(world, names, tmp_path_factory.mktemp("faulty"))


def lost(faulty: Operated, *names: str) -> int:
    """What the truth says of some faults, in all."""
    mine = [truth for truth in faulty[1] if truth.name in names]
    assert {truth.name for truth in mine} == set(names)
    return sum(truth.amount_micros or 0 for truth in mine)


def total(folder: Path, stream: str, column: str, *where: pl.Expr) -> int:
    """The sum of a column of a stream."""
    return int(pl.read_parquet(folder / f"{stream}.parquet").filter(*where)[column].sum())


def test_charges_are_short_by_what_faults_of_usage_and_rating_say(sound: Path, faulty: Operated) -> None:
    """Lost, stuck, doubled, shortened, failed, never rated, too cheap, too dear: signed, they add up.

    Who should have been barred uses more than where he is.
    """
    short = total(sound, "rated", "charge_micros") - total(faulty[0], "rated", "charge_micros")
    assert short == lost(faulty, *IN_USAGE, *IN_RATING) - lost(faulty, "dunning_not_executed")


def test_bills_are_short_by_what_faults_of_billing_say(sound: Path, faulty: Operated) -> None:
    """Lines but tax and rounding, which follow from them."""
    own = (pl.col("kind") != "tax") & (pl.col("product_offering_id").fill_null("") != "rounding")
    short = total(sound, "billed", "amount_micros", own) - total(faulty[0], "billed", "amount_micros", own)
    assert short == lost(faulty, *IN_BILLS)


def test_accounts_are_short_by_the_payments_that_were_not_credited(sound: Path, faulty: Operated, world: World) -> None:
    """The gateway and the ledger have them all."""
    for folder, missing in ((sound, 0), (faulty[0], -lost(faulty, "payment_not_credited"))):
        settled = (pl.col("event_time") >= world.start) & (pl.col("state") == "settled")
        gateway, ledger, account = (
            total(folder, "payments", "amount_micros", settled & (pl.col("hop") == hop))
            for hop in ("gateway", "ledger", "account")
        )
        assert (gateway - ledger, ledger - account) == (0, missing)


def test_balances_roll_forward_but_for_the_drift(sound: Path, faulty: Operated, world: World) -> None:
    """Opening + recharges on accounts − online charges = closing; what is missing is what drifted."""
    for folder, drift in ((sound, 0), (faulty[0], lost(faulty, "balance_drift"))):
        opening = total(folder, "balances", "balance_micros", pl.col("event_time") == world.start)
        closing = total(folder, "balances", "balance_micros", pl.col("event_time") > world.end)
        inside = pl.col("event_time") >= world.start
        paid = (pl.col("hop") == "account") & (pl.col("kind") == "recharge") & (pl.col("state") == "settled") & inside
        online = (pl.col("charging") == "online") & pl.col("balance_after_micros").is_not_null()
        recharged = total(folder, "payments", "amount_micros", paid)
        assert opening + recharged - total(folder, "rated", "charge_micros", online) + drift == closing


def test_the_network_has_what_faults_of_activation_say(sound: Path, faulty: Operated) -> None:
    """Larger plans than are paid for, and services that were ceased."""
    for name, column in (("attribute_mismatch", "service_specification"), ("cease_incomplete", "state")):
        before = pl.read_parquet(sound / "provisioned.parquet").select("product_id", column)
        after = pl.read_parquet(faulty[0] / "provisioned.parquet").select("product_id", column)
        changed = after.join(before, on=["product_id", column], how="anti")["product_id"].to_list()
        assert {truth.subject for truth in faulty[1] if truth.name == name} <= set(changed)
        assert lost(faulty, name) > 0


def test_the_ledger_lacks_what_was_not_posted(sound: Path, faulty: Operated) -> None:
    """The sound one adds up to nothing; the other by what is missing."""
    assert total(sound, "postings", "amount_micros") == 0
    assert total(faulty[0], "postings", "amount_micros") == lost(faulty, "unposted_revenue")


def test_statements_differ_by_what_faults_of_settlement_say(world: World, sound: Path, tmp_path: Path) -> None:
    """With no other fault, so that the same calls are made."""
    for name, kind, direction, sign in (
        ("interconnect_overcharge", "interconnect", "out", 1),
        ("unbilled_inbound", "interconnect", "in", -1),
        ("roaming_not_sent", "roaming", "in", -1),
        ("overpaid_share", "content", "out", 1),
        ("commission_not_clawed_back", "commission", "out", 1),
    ):
        alone = operated(world, [name], tmp_path)
        own = (pl.col("kind") == kind) & (pl.col("direction") == direction)
        more = total(alone[0], "settled", "amount_micros", own) - total(sound, "settled", "amount_micros", own)
        assert more == sign * lost(alone, name), name


def test_a_route_with_negative_margin_costs_more_than_it_brings(world: World, tmp_path: Path) -> None:
    """What the carrier asks for these countries, less what their calls were charged."""
    folder, truths = operated(world, ["negative_margin"], tmp_path)
    settled = pl.read_parquet(folder / "settled.parquet").filter(pl.col("kind") == "interconnect")
    rated = pl.read_parquet(folder / "rated.parquet").select(event_id="refers_to", sold="charge_micros")
    usage = pl.read_parquet(folder / "usage.parquet").filter(pl.col("trunk_out").is_not_null())
    calls = usage.join(rated, on="event_id")
    for truth in truths:
        route, prefix = truth.subject.split(":")
        cost = settled.filter((pl.col("route") == route) & (pl.col("prefix") == prefix))["amount_micros"].sum()
        own = (pl.col("trunk_out") == route) & pl.col("called_number").str.starts_with(prefix)
        assert cost - calls.filter(own)["sold"].sum() == truth.amount_micros
    assert len(truths) > 1


def test_a_voucher_that_is_used_twice_pays_two_accounts(faulty: Operated) -> None:
    """The amounts of the second uses are the loss; no other voucher pays twice."""
    paid = pl.read_parquet(faulty[0] / "payments.parquet").filter(
        (pl.col("hop") == "account") & pl.col("voucher_serial").str.starts_with("V-")
    )
    twice = paid.sort("event_time").filter(pl.int_range(pl.len()).over("voucher_serial") > 0)
    assert {truth.subject for truth in faulty[1] if truth.name == "voucher_reuse"} == set(twice["payment_id"])
    assert twice["amount_micros"].sum() == lost(faulty, "voucher_reuse")


def test_who_is_not_barred_is_served_on(sound: Path, faulty: Operated) -> None:
    """And who is barred is not; both are told by the rows of `dunning`."""
    for folder in (sound, faulty[0]):
        bars = pl.read_parquet(folder / "dunning.parquet").filter(pl.col("step") == "bar")
        rated = pl.read_parquet(folder / "rated.parquet").join(
            bars.select("account_id", "executed", barred_at="event_time"), on="account_id"
        )
        after = rated.filter(pl.col("usage_time") >= pl.col("barred_at"))
        assert after.filter("executed").is_empty()
    assert after["charge_micros"].sum() == lost(faulty, "dunning_not_executed")


def test_a_migration_loses_what_its_fault_says(sound: Path, faulty: Operated) -> None:
    """Before and after are the same but for it."""
    for folder, expected in ((sound, 0), (faulty[0], lost(faulty, "migration_loss"))):
        balances = pl.read_parquet(folder / "balances.parquet")
        before, after = (
            balances.filter(pl.col("batch_id").str.starts_with(word))["balance_micros"].sum()
            for word in ("before", "after")
        )
        assert after - before == expected


def test_late_usage_is_charged_all_the_same(sound: Path, faulty: Operated) -> None:
    """It is not lost: it comes a day later."""
    late = {truth.subject for truth in faulty[1] if truth.name == "late_cdr"}
    times = [
        dict(
            pl.read_parquet(folder / "rated.parquet")
            .filter(pl.col("refers_to").is_in(late))
            .select("refers_to", "event_time")
            .rows()
        )
        for folder in (sound, faulty[0])
    ]
    assert len(late) > 1
    assert {times[1][each] - times[0][each] for each in late} == {26 * 3_600_000}


def test_all_that_is_planted_in_usage_is_written(tmp_path: Path) -> None:
    """Whoever writes it: mediation takes every file, of carriers, of message centres, of roaming partners."""
    world = populate(3000, 2, 1, START)
    planted = plant(world)
    folder, _ = operated(world, every_scenario(), tmp_path)
    usage = pl.read_parquet(folder / "usage.parquet")
    written = usage.filter(pl.col("event_id").is_in(planted.rows["usage"]["event_id"].to_list()))
    assert len(written) == len(planted.rows["usage"])
    assert written["source"].n_unique() > 2


def test_a_fault_has_rows_of_its_own_to_choose_from() -> None:
    """Shares of all ids are numbered; the last ones are given to faults whose rows are rare."""
    assert 0 < len(_choosing()) <= SHARES - 8
