"""One alert: its story, its verdict, who was quicker, what is hidden, and what a hostile subscriber writes."""

import io
import zipfile

from dashboards.console.desk import Desk
from services.audit import list_audit
from services.verdicts import list_verdicts
from tests.dashboards.console.desks import HOSTILE, SETTINGS, Browser, usage, write_raw
from tests.store.found import START

ONE = f"/alerts/{1:016x}"


def test_it_says_why_in_a_sentence(ada: Browser) -> None:
    """What was counted, in which time, from when on it alerts; and at which threshold it would not be there."""
    text = ada.get(ONE).text
    assert "20 different called numbers within 10 minutes; alerts from 20" in text
    assert "<code>warn_at</code> above 20: <b>21</b>" in text


def test_a_verdict_takes_it_out_of_the_queue(ada: Browser, desk: Desk) -> None:
    """It is recorded with note and loss, by who is signed in, and the next alert opens."""
    ada.get(ONE)
    answer = ada.post(f"{ONE}/verdict", verdict="fraud", note="called back", loss="12.50", currency="EUR", seen="1")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/alerts/{2:016x}"
    (given,) = list_verdicts(desk.home, SETTINGS)
    for part in (b'"by":"ada"', b'"loss_micros":12500000', b'"note":"called back"', b'"subject":"447100000001"'):
        assert part in given
    ada.get("/")  # says that it was done
    assert f"{1:016x}" not in ada.get("/").text
    assert f"{1:016x}" in ada.get("/?view=judged").text


def test_who_is_second_is_told(ada: Browser, desk: Desk) -> None:
    """Two analysts on one alert: one verdict counts, the other person reads who was quicker."""
    bob = Browser(desk).sign_in("bob")
    assert 'name="seen" value="1"' in ada.get(ONE).text
    assert 'name="seen" value="1"' in bob.get(ONE).text
    assert bob.post(f"{ONE}/verdict", verdict="false_alarm", seen="1").status_code == 303
    answer = ada.post(f"{ONE}/verdict", verdict="fraud", seen="1")
    assert answer.status_code == 409
    assert "bob has changed this alert since you opened it" in answer.text
    assert len(list_verdicts(desk.home, SETTINGS)) == 1


def test_a_wrong_amount_changes_nothing(ada: Browser, desk: Desk) -> None:
    """Neither the verdict nor the work on the alert is recorded."""
    ada.get(ONE)
    assert ada.post(f"{ONE}/verdict", verdict="fraud", loss="much", currency="EUR", seen="1").status_code == 400
    assert list_verdicts(desk.home, SETTINGS) == []
    assert f"{1:016x}" in ada.get("/").text


def test_snoozed_it_is_away_and_comes_back(ada: Browser, desk: Desk) -> None:
    """It sleeps until its time, or until it is woken; without a reason it does not."""
    assert ada.post(f"{ONE}/snooze", hours="2", note="").status_code == 400
    assert ada.post(f"{ONE}/snooze", hours="2", note="waits for the partner").status_code == 303
    assert f"{1:016x}" not in ada.get("/").text
    assert f"{1:016x}" in ada.get("/?view=snoozed").text
    assert ada.post(f"{ONE}/snooze", do="wake").status_code == 303
    assert f"{1:016x}" in ada.get("/").text


def test_who_need_not_know_sees_no_number(desk: Desk) -> None:
    """Masked everywhere, evidence and timeline too; with a reason whole for this alert alone, and audited."""
    write_raw(desk.home, SETTINGS, "usage", [usage("e0", calling_number="447100000001", called_number="33612345678")])
    browser = Browser(desk).sign_in("assurance")
    pages = ["/", ONE, f"{ONE}/timeline", f"{ONE}/related", f"/cases/{1:016x}"]
    for path in pages:
        text = browser.get(path).text
        assert "447100000001" not in text, path
        assert "33612345678" not in text, path
    assert browser.get(f"{ONE}/evidence.zip").status_code == 400
    assert browser.post(f"{ONE}/unmask", reason=" ").status_code == 400
    assert browser.post(f"{ONE}/unmask", reason="a customer complains").status_code == 303
    assert "447100000001" in browser.get(ONE).text
    assert "447100000003" not in browser.get(f"/alerts/{3:016x}").text
    told = [row for row in list_audit(desk.home, SETTINGS) if b"a customer complains" in row]
    assert len(told) == 1
    assert b'"by":"assurance"' in told[0]


def test_the_timeline_has_every_stream(ada: Browser, desk: Desk) -> None:
    """Events of the account and of the number, the latest first; a stranger's are not among them."""
    calls = [
        usage("e1", calling_number="447100000001", called_number="1"),
        usage("e2", event_time=START + 5, calling_number="447999999999", called_number="447100000001"),
        usage("e3", calling_number="447999999999", called_number="2"),
    ]
    write_raw(desk.home, SETTINGS, "usage", calls)
    text = ada.get(f"{ONE}/timeline").text
    assert text.count("<b>usage</b>") == 1
    assert "high usage" in text, "the other alert of the case"


def test_what_a_subscriber_writes_is_text(ada: Browser) -> None:
    """No tag of a hostile name comes through, and characters that turn the direction of reading are told."""
    for path in ("/", f"/alerts/{4:016x}", f"/cases/{4:016x}", f"/alerts/{4:016x}/timeline"):
        text = ada.get(path).text
        assert "<script>alert" not in text, path
        assert "\u202e" not in text, path
    assert "\\u202e" in ada.get(f"/alerts/{4:016x}").text


def test_the_evidence_pack_can_be_checked(ada: Browser) -> None:
    """Each file has its SHA-256 in the manifest, and the same alert gives the same bytes."""
    import hashlib  # noqa: PLC0415

    first = ada.get(f"{ONE}/evidence.zip").content
    assert first == ada.get(f"{ONE}/evidence.zip").content
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        sums = dict(line.split("  ")[::-1] for line in archive.read("SHA256SUMS").decode().splitlines())
        assert set(sums) == set(archive.namelist()) - {"SHA256SUMS"}
        for name, digest in sums.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest
        assert archive.read("events.ndjson").count(b"\n") == 2
        assert b"victims" in archive.read("rule.json")
    assert HOSTILE.encode() not in first
