"""The ledger of a data directory: what detectors and controls found, what people said and did, and its proof."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import polars as pl
import pytest

from replay import scenarios
from replay.simulate.population import populate
from replay.simulate.run import START, WRITTEN, operator
from replay.truth import read_truth
from services.changes import untold_sources
from services.control_inputs import Inputs
from services.ledger.book import ledger_of, stored_positions
from services.ledger.books import Books
from services.ledger.decide import Act, in_its_currency, open_micros
from services.ledger.kpis import kpis_of
from services.ledger.verify import faults_of, verify
from services.run import run_line
from services.simulate import SIMULATED_SOURCES
from services.users import put_user
from services.verdicts import Said as Judgement
from store.chdb_store import ChdbStore
from streams.read import open_sources
from tollwatch.config import Settings
from tollwatch.errors import ConfigurationError
from tollwatch.findings import Leakage, LedgerPosition
from tollwatch.frames import Findings

SETTINGS = Settings(installation_key="0" * 32, sources=SIMULATED_SOURCES, disabled=[])
SEED, SIZE, DAYS = 99, 1000, 3
DAY_MS = 86_400_000
ESTIMATES = {"file_gap", "mediation_loss"}


@pytest.fixture(scope="module")
def operated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An operator with every fault and every fraud, read with all detectors and controls."""
    folder = tmp_path_factory.mktemp("ledger")
    world = populate(SIZE, DAYS, SEED, START)
    operator(world, scenarios.plant(world, None)).write(folder / "streams")
    sources = open_sources({name: [folder / "streams" / f"{name}.ndjson"] for name in WRITTEN})
    run_line(sources, folder / "data", SETTINGS, as_of_ms=START + (DAYS + 1) * DAY_MS)
    put_user("rita", folder / "data", SETTINGS, role="assurance")
    return folder


@pytest.fixture
def data(operated: Path) -> Path:
    """Its data directory."""
    return operated / "data"


@pytest.fixture
def store(data: Path) -> Iterator[ChdbStore]:
    """What was stored of it."""
    opened = ChdbStore(data)
    yield opened
    opened.close()


def test_a_run_writes_the_ledger_and_it_holds(data: Path) -> None:
    """Without anybody asking; debits equal credits, and the store says what the facts give."""
    found = verify(data, data, SETTINGS)
    assert found.faults == []
    assert found.findings > 150
    assert found.entries >= found.findings // 2


def test_leakages_come_to_what_was_planted(operated: Path, store: ChdbStore) -> None:
    """To the micro on both sides, where a control counts exactly; what two of them claim is there once.

    A product that was never there and is billed twice was planted as two losses, of which one control sees both.
    """
    planted, net, claimed = (Counter[tuple[str, str]]() for _ in range(3))
    for each in read_truth(operated / "streams" / "truth.ndjson"):
        if each.kind == "leakage":
            amount = each.amount_micros or 0
            planted[each.name, "loss" if amount > 0 else "overcharge"] += abs(amount)
    for position in stored_positions(store, SETTINGS).values():
        if position.kind == "leakage":
            net[position.name, position.side] += position.net_micros
            claimed[position.name, position.side] += abs(position.own_micros)
    exact = [place for place in planted if place[0] not in ESTIMATES]
    alone = [place for place in exact if net[place] == claimed[place] == planted[place]]
    assert len(exact) - len(alone) <= 3
    for side in ("loss", "overcharge"):
        of_side = [place for place in exact if place[1] == side]
        sums = [sum(each[place] for place in of_side) for each in (net, planted, claimed)]
        assert sums == sorted(sums)
        assert sums[0] > 0


def test_no_two_findings_have_the_same_money(store: ChdbStore) -> None:
    """Frauds and faults lie on the same calls here and there: what they claim is more than what they have."""
    ledger = ledger_of(store, store.directory, SETTINGS)
    claimed = sum(each.claimed_micros for each in ledger.positions.values())
    net = sum(each.net_micros for each in ledger.positions.values())
    assert 0 < net < claimed
    assert net == sum(sum(units.values()) for units in ledger.units.values())
    shared = [each for each in ledger.positions.values() if each.claimed_micros != each.net_micros]
    assert {each.kind for each in shared} >= {"alert"}


def test_with_what_analysts_found_frauds_come_to_what_was_planted(operated: Path, data: Path) -> None:
    """Each fraud judged with its loss: alerts claim the truth's total; of that leakages have what they claim first."""
    books = Books(data, data, SETTINGS)
    planted: dict[str, int] = {}
    for each in read_truth(operated / "streams" / "truth.ndjson"):
        if each.kind == "fraud" and each.amount_micros:
            mine = books.frame.filter((pl.col("name") == each.name) & (pl.col("subject") == each.subject))
            if len(mine):
                found = mine.sort("occurred_at")["finding_id"][0]
                planted[found] = planted.get(found, 0) + each.amount_micros
    assert len(planted) > 15
    before = {name: books.position(name) for name in books.ledger.positions}
    for name, micros in planted.items():
        loss = str(Decimal(micros) / 1_000_000)
        books.judge([name], Judgement("fraud", loss, before[name].currency or "EUR", by="rita"), by="rita")
    after = {name: books.position(name) for name in before}
    assert sum(after[name].claimed_micros for name in planted) == sum(planted.values())
    leakages = [name for name in before if before[name].kind == "leakage"]
    exact = [name for name in leakages if before[name].name not in ESTIMATES]
    assert {name: after[name].net_micros for name in exact} == {name: before[name].net_micros for name in exact}
    total = sum(after[name].net_micros for name in [*exact, *planted])
    twice = sum(after[name].claimed_micros - after[name].net_micros for name in planted)
    assert total == sum(before[name].net_micros for name in exact) + sum(planted.values()) - twice
    assert total < sum(after[name].claimed_micros for name in [*exact, *planted])


def _largest(books: Books, **where: str) -> LedgerPosition:
    frame = books.frame.filter(*(pl.col(name) == value for name, value in where.items()))
    return books.position(frame.sort("net_micros", "finding_id", descending=True)["finding_id"][0])


def test_what_people_do_is_booked_at_once_and_by_the_line(data: Path, store: ChdbStore) -> None:
    """From detected to recovered; a ledger that is made anew, and one from events alone, say the same."""
    books = Books(data, data, SETTINGS)
    books.refresh(store)
    found = _largest(books, name="provisioned_not_billed", state="detected")
    other = _largest(books, name="wrong_price", state="detected")
    store.close()
    books.assign([found.finding_id], "rita", by="rita")
    books.judge([found.finding_id, other.finding_id], Judgement("leakage", by="rita"), by="rita")
    books.act([found.finding_id], Act("rebill", "requested", None, "bill run 12"), by="rita")
    assert books.position(found.finding_id).state == "recovering"
    half = str(in_its_currency(found, found.net_micros) // 2 / 1_000_000)
    books.act([found.finding_id], Act("rebill", "done", half, "bill run 12"), by="rita")
    stands = books.position(found.finding_id)
    assert (stands.state, stands.owner) == ("confirmed", "rita")
    assert stands.recovered_micros == found.net_micros // 2
    assert stands.confirmed_micros == found.net_micros - stands.recovered_micros
    assert books.frame.filter(pl.col("finding_id") == found.finding_id)["recovered_micros"].item() > 0

    again = ChdbStore(data)
    anew = ledger_of(again, data, SETTINGS)
    assert anew.positions == books.ledger.positions == stored_positions(again, SETTINGS)
    assert faults_of(anew, books.ledger.positions) == []
    kinds = {source.stream for source in untold_sources(data, SETTINGS, again)}
    assert kinds == {"verdicts", "actions"}
    again.close()
    run_line([], data, SETTINGS, as_of_ms=START + (DAYS + 1) * DAY_MS)
    again = ChdbStore(data)
    assert again.query("SELECT count() AS n FROM quarantine WHERE stream = 'actions'")["n"][0] == 0
    by_events = ledger_of(again, Path("/nowhere"), msgspec.structs.replace(SETTINGS, database=None))
    told = {name: msgspec.structs.replace(each, owner=None) for name, each in anew.positions.items()}
    assert by_events.positions == told
    again.close()


def test_more_than_is_open_is_refused_and_leaves_nothing(data: Path) -> None:
    """Nobody recovers a cent twice; a write-off needs a second person; a reason must be given."""
    books = Books(data, data, SETTINGS)
    found = _largest(books, name="attribute_mismatch")
    there = in_its_currency(found, open_micros(found))
    refused = [
        (Act("rebill", "done", str((there + 1) / 1_000_000), "x"), "are open"),
        (Act("write_off", "done", None, "x"), "another"),
        (Act("rebill", "done", None, " "), "say why"),
        (Act("rebill", "done", "-1", "x"), "no amount of money"),
        (Act("gift", "done", None, "x"), "choose one of"),
    ]
    for what, sentence in refused:
        with pytest.raises(ConfigurationError, match=sentence):
            books.act([found.finding_id], what, by="rita")
    with pytest.raises(ConfigurationError, match="has this id"):
        books.act([found.finding_id, "0" * 16], Act("rebill", "done", None, "x"), by="rita")
    assert books.position(found.finding_id) == found
    books.act([found.finding_id], Act("rebill", "done", None, "all"), by="rita")
    with pytest.raises(ConfigurationError, match="nothing of it is open"):
        books.act([found.finding_id], Act("rebill", "done", None, "again"), by="rita")


def test_a_false_alarm_gives_its_money_back(data: Path) -> None:
    """What another finding has claimed after it is that one's then."""
    books = Books(data, data, SETTINGS)
    ids = {name for names in books.ledger.shared_units().values() for name in names}
    findings = books.ledger.found.findings
    short = min(name for name in ids if books.position(name).net_micros < books.position(name).claimed_micros)
    others = {name for names in books.ledger.shared_units().values() if short in names for name in names}
    first = books.position(min(others, key=lambda name: (findings[name].precedence, name)))
    before = {name: books.position(name).net_micros for name in ids}
    books.judge([first.finding_id], Judgement("false_alarm", by="rita"), by="rita")
    after = {name: books.position(name).net_micros for name in ids}
    assert after[first.finding_id] == 0
    assert sum(after.values()) <= sum(before.values())
    assert any(after[name] > before[name] for name in ids)


def test_a_position_that_somebody_changed_is_found(data: Path) -> None:
    """A number that was altered in the store does not go unseen, and is put right by the next booking."""
    books = Books(data, data, SETTINGS)
    found = _largest(books, name="double_charge")
    altered = msgspec.structs.replace(found, net_micros=found.net_micros + 1)
    opened = ChdbStore(data)
    opened.write(Findings(positions=[altered]))
    opened.close()
    faults = verify(data, data, SETTINGS).faults
    assert len(faults) == 1
    assert found.finding_id in faults[0]
    opened = ChdbStore(data)
    former = msgspec.structs.replace(found, finding_id="f" * 16, owner="somebody")
    opened.write(Findings(positions=[former]))
    books = Books(data, data, SETTINGS)
    books.refresh(opened)
    opened.close()
    assert verify(data, data, SETTINGS).faults == []
    assert "f" * 16 in set(books.frame["finding_id"]), "what is not kept any more stays in the sums"


def test_at_leisure_it_is_booked_seldom(data: Path, store: ChdbStore) -> None:
    """News wait ten times as long as booking took; who asks for it has it at once."""
    books = Books(data, data, SETTINGS)
    assert books.refresh(store, at_leisure=True) == 0
    version = books.version
    alert = store.query("SELECT document FROM leakage_last FINAL ORDER BY leakage_id LIMIT 1")["document"][0]
    found = msgspec.json.decode(alert, type=Leakage)
    store.write(Findings(leakages=[msgspec.structs.replace(found, revision=found.revision + 1, own_micros=1)]))
    assert books.refresh(store, at_leisure=True) == 0
    assert books.version == version
    assert books.refresh(store) >= 1


def test_key_figures_are_reckoned_from_what_stands(operated: Path, store: ChdbStore) -> None:
    """Five sums, revenue as billed and charged, days, coverage by weight, effectiveness by what was planted."""
    books = Books(operated / "data", operated / "data", SETTINGS)
    books.refresh(store)
    inputs = Inputs(store, SETTINGS, "main")
    truth = read_truth(operated / "streams" / "truth.ndjson")
    documents = store.query("SELECT document FROM leakage_last FINAL")["document"]
    leakages = [msgspec.json.decode(each, type=Leakage) for each in documents]
    period = (START - 40 * DAY_MS, START + 40 * DAY_MS)
    found = kpis_of(books.frame, inputs, SETTINGS, period, truth=truth, leakages=leakages)
    assert found.loss.found == books.frame.filter(pl.col("side") == "loss")["net_micros"].sum()
    assert found.loss.found == found.loss.open + found.loss.recovered + found.loss.written_off
    assert found.effectiveness is not None
    assert found.effectiveness > 0.98
    assert (found.coverage, found.not_on_time) == (1.0, [])
    billed = store.query("SELECT sum(amount_micros) AS n FROM events_billed WHERE kind != 'tax'")["n"][0]
    online = store.query("SELECT sum(charge_micros) AS n FROM events_rated WHERE charging = 'online'")["n"][0]
    assert found.revenue_micros == int(billed) + int(online)
    fewer = msgspec.structs.replace(SETTINGS, disabled=["wrong_price"])
    assert kpis_of(books.frame, inputs, fewer, period).effectiveness is None
    store.run("ALTER TABLE control_run DELETE WHERE control = 'wrong_price' SETTINGS mutations_sync = 2")
    late = kpis_of(books.frame, inputs, SETTINGS, period)
    assert late.not_on_time == ["wrong_price"]
    assert 0.9 < late.coverage < 1.0
