"""Tables are applied in order, once, and never edited behind a database's back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store import ChdbStore
from store.applied import Tables
from store.tables import TableFile, every_table_file, new_fields_sql
from tollwatch.columns import schema
from tollwatch.errors import StoreError
from tollwatch.events import STREAMS

ONE = "-- One.\nCREATE TABLE IF NOT EXISTS one (x Int64) ENGINE = MergeTree ORDER BY x;\n"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbStore]:
    """A store with the shipped tables."""
    made = ChdbStore(tmp_path_factory.mktemp("data"))
    made.apply_tables()
    yield made
    made.close()


def test_applied_twice_they_change_nothing(store: ChdbStore) -> None:
    """The second time nothing is left to do, and each is recorded once."""
    assert store.apply_tables() == []
    assert store.check_tables() == []
    recorded = store.query("SELECT name FROM schema_migrations ORDER BY name")["name"].to_list()
    assert recorded == [file.name for file in every_table_file()]


@pytest.mark.parametrize("file", every_table_file(), ids=lambda file: file.name)
def test_a_file_can_be_run_again(store: ChdbStore, file: TableFile) -> None:
    """Killed between the statements and the record, the next start runs them once more."""
    tables = "SELECT name, create_table_query FROM system.tables WHERE database = 'tollwatch' ORDER BY name"
    before = store.query(tables).rows()
    later = [each for each in every_table_file() if each.name > file.name]
    for statement in file.statements:
        store.run(statement)
    for statement in (each for other in later for each in other.statements if "OR REPLACE VIEW" in each):
        store.run(statement)  # what the start applies behind it
    assert store.query(tables).rows() == before


def test_files_come_in_order_and_an_edited_one_is_refused(store: ChdbStore, tmp_path: Path) -> None:
    """What a database has was made from the file as it was then; a change is a new file."""
    (tmp_path / "0902_two.sql").write_text("-- Two.\nALTER TABLE one ADD COLUMN IF NOT EXISTS y Int64;\n")
    (tmp_path / "0901_one.sql").write_text(ONE)
    tables = Tables(store, every_table_file(tmp_path))
    assert tables.differences()[0] == "0901_one.sql has not been applied; run `tollwatch tables apply`"
    assert tables.apply() == ["0901_one", "0902_two"]
    (tmp_path / "0901_one.sql").write_text(ONE.replace("Int64", "Int32"))
    edited = Tables(store, every_table_file(tmp_path))
    with pytest.raises(StoreError, match=r"0901_one\.sql was changed after it had been applied.*as a new file"):
        edited.apply()
    assert any("0901_one.sql was changed" in sentence for sentence in edited.differences())
    assert any("was applied by another version" in sentence for sentence in store.check_tables())


def test_a_comment_may_be_put_right(store: ChdbStore, tmp_path: Path) -> None:
    """Only statements count; what an older version recorded, comments and all, is still known."""
    (tmp_path / "0911_three.sql").write_text(ONE.replace("one", "three"))
    Tables(store, every_table_file(tmp_path)).apply()
    (tmp_path / "0911_three.sql").write_text("-- Said better.\n" + ONE.replace("one", "three"))
    (file,) = every_table_file(tmp_path)
    assert Tables(store, [file]).apply() == []
    old = next(each for each in every_table_file() if each.name == "0002_alert")
    assert old.recorded_before is not None
    assert old.is_recorded_as(old.recorded_before)
    assert not old.is_recorded_as(file.sha256)


def test_every_field_of_an_event_is_a_column_in_some_file() -> None:
    """A new field of an event is a new column, in a file of its own: a file that was applied never changes."""
    assert new_fields_sql() is None, "write it: python -m store.tables NNNN_what_the_fields_are_for"


@pytest.mark.parametrize("stream", STREAMS)
def test_every_stream_has_its_table(store: ChdbStore, stream: str) -> None:
    """With every column of the stream, and the place of the record."""
    columns = store.query(f"DESCRIBE TABLE raw_{stream}")["name"].to_list()
    assert columns == [*schema(stream), "_partition", "_offset", "stored_at"]
