"""NOTICE names what ships: every package that an installation needs, with a licence."""

from tollwatch.notice import NOTICE, shipped, text


def test_the_notice_is_the_one_the_packages_make() -> None:
    """Written by `make notice`; a new dependency must be in it. Versions are in constraints.txt."""
    names = {line.strip().partition(":")[0] for line in NOTICE.read_text("utf-8").splitlines() if line.startswith("  ")}
    assert set(shipped()) - names == set(), "run `make notice`"
    assert text().startswith(NOTICE.read_text("utf-8")[:200])


def test_every_package_says_a_licence_and_none_forbids_shipping() -> None:
    """Nothing under a licence that would bind Tollwatch itself."""
    found = shipped()
    assert {"polars", "chdb", "faust-streaming", "sqlglot", "psycopg"} <= found.keys()
    strong = {name: licence for name, licence in found.items() if "AGPL" in licence or licence == "GPL"}
    assert strong == {}
