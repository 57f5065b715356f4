"""What fraudsters put into a record is harmless where a person reads it, and says nobody's number unasked."""

import subprocess
import sys
import unicodedata
from pathlib import Path

import msgspec
import pytest

from tests.cli.test_person import called

EVIL = "=HYPERLINK(1)\x1b[2J\u202e"
NUMBER = "447100000123"
MAKE = """
import sys, msgspec
from pathlib import Path
from store import ChdbStore
from tests.store.found import alert, quarantined
from tollwatch.frames import Findings
store = ChdbStore(Path(sys.argv[1]))
store.apply_tables()
replace = msgspec.structs.replace
alerts = [replace(alert(1), subject=sys.argv[2]), replace(alert(2), subject=sys.argv[3]),
          replace(alert(3), tenant="other", subject="447199999999")]
bad = [replace(quarantined(0, sys.argv[2].encode(), reason=sys.argv[2])),
       replace(quarantined(1, b"447199999999"), tenant="other")]
store.write(Findings(alerts=alerts, quarantined=bad))
store.close()
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Findings whose subjects try something, and one of another tenant."""
    own = tmp_path_factory.mktemp("hostile") / "data"
    subprocess.run([sys.executable, "-c", MAKE, str(own), EVIL, NUMBER], check=True)
    return own


LISTINGS = (
    ("alerts",),
    ("alerts", "--identifiers"),
    ("quarantine", "list"),
    ("quarantine", "list", "--identifiers"),
    ("query", "SELECT subject FROM alert"),
)


@pytest.mark.parametrize("words", LISTINGS, ids=" ".join)
def test_a_terminal_obeys_nothing(data: Path, words: tuple[str, ...]) -> None:
    """No control, no mark of direction, whatever stands in a subject, a reason, a record."""
    shown = called(*words, "--data", data)
    assert not {c for c in shown if unicodedata.category(c) in ("Cc", "Cf")} - {"\n"}


@pytest.mark.parametrize("words", LISTINGS, ids=" ".join)
def test_a_spreadsheet_computes_nothing(data: Path, words: tuple[str, ...]) -> None:
    """Unless a program asks for it."""
    cells = called(*words, "--data", data, "--format", "csv").replace('"', "").replace("\n", ",").split(",")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
    if "query" in words:
        assert '\n"=HYPERLINK' in called(*words, "--data", data, "--format", "csv", "--machine")


@pytest.mark.parametrize("form", ["table", "ndjson", "csv"])
@pytest.mark.parametrize("verb", [("alerts",), ("quarantine", "list")], ids=" ".join)
def test_numbers_are_masked_unless_asked_for_and_tenants_apart(data: Path, verb: tuple[str, ...], form: str) -> None:
    """In every form; and what was asked for stands in the audit."""
    words = (*verb, "--data", data, "--format", form)
    masked, whole = called(*words), called(*words, "--identifiers")
    assert NUMBER not in masked
    assert "447199999999" not in masked + whole, "another tenant's"
    assert (NUMBER in whole) or verb != ("alerts",)
    rows = [
        msgspec.json.decode(row) for row in called("audit", "list", "--data", data, "--format", "ndjson").splitlines()
    ]
    assert "show" in {row["action"] for row in rows}


def test_every_question_stands_in_the_audit(data: Path) -> None:
    """With its words, numbers in them masked."""
    called("query", f"SELECT count() FROM alert WHERE subject = '{NUMBER}'", "--data", data)
    shown = called("audit", "list", "--data", data, "--format", "ndjson")
    assert "SELECT count() FROM alert WHERE subject = '4471…23'" in shown
    assert NUMBER not in shown


def test_the_directory_is_its_owner_s(data: Path) -> None:
    """And what is exported from it."""
    assert data.stat().st_mode & 0o777 == 0o700
    out = data.parent / "alerts.csv"
    called("alerts", "--data", data, "--format", "csv", "--output", out)
    assert out.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """A folder for scratch files that leads elsewhere is refused, and what is there stays."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept", "utf-8")
    data = tmp_path / "data"
    data.mkdir()
    (data / "tmp").symlink_to(elsewhere)
    assert "is a link" in called("alerts", "--data", data, code=3) + called("tables", "apply", "--data", data, code=5)
    assert (elsewhere / "kept").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("dashboards", "push", "http://me:hunter2@127.0.0.1:1"),
        ("tables", "check", "--data", "/tmp/none?password=hunter2"),
    ],
)
def test_no_secret_is_said_again(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """An address with a password is refused where a shell keeps it; errors leave it out."""
    monkeypatch.setenv("TOLLWATCH_GRAFANA_TOKEN", "glsa_x")
    made = subprocess.run([sys.executable, "-m", "tollwatch", *words], capture_output=True, text=True, check=False)
    assert made.returncode
    assert "hunter2" not in made.stdout + made.stderr


@pytest.mark.parametrize("name", ["TOLLWATCH_DATABASE", "TOLLWATCH_CLICKHOUSE", "TOLLWATCH_STATE"])
def test_a_database_s_password_is_not_said(name: str, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with the address."""
    urls = {
        "TOLLWATCH_DATABASE": "postgresql://me:hunter2@127.0.0.1:1/x?password=hunter2",
        "TOLLWATCH_CLICKHOUSE": "clickhouse://me:hunter2@127.0.0.1:1/x",
        "TOLLWATCH_STATE": "nowhere://b/x?secret=hunter2",
    }
    monkeypatch.setenv(name, urls[name])
    for words in (("doctor",), ("worker",), ("verdict", "list", "--data", str(data)), ("alerts",)):
        made = subprocess.run(
            [sys.executable, "-m", "tollwatch", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=data.parent,
        )
        assert "hunter2" not in made.stdout + made.stderr
