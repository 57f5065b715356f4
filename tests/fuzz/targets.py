"""What is fuzzed: each target takes one mutated input and checks what must hold of it whatever it says."""

import itertools
import os
import random
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import polars as pl

from detectors.plan import rules_by_key_space
from detectors.rules_file import load_rules
from services.assembly import make_plan, plan_of
from services.binary import DECODERS, open_file, open_files
from services.formats import FOLDER
from streams.embedded import Run
from streams.in_memory_sink import InMemorySink
from streams.read import open_source
from streams.reading.mapping import load_mapping
from tests.fuzz.mutate import mutated, mutated_words
from tollwatch.config import Settings, load_settings
from tollwatch.ports import Source

SAMPLES = sorted((FOLDER / "samples").iterdir())
SEEDS = Path(__file__).parent / "seeds"
AS_OF_MS = 1_900_000_000_000
SETTINGS = Settings(enabled=["wangiri", "payment_risk", "provisioned_not_billed"])
PLAN = make_plan(SETTINGS)
Target = Callable[[random.Random, Path], None]


def _run(sources: list[Source], settings: Settings = SETTINGS) -> Run:
    line = Run(sources, PLAN, settings, as_of_ms=AS_OF_MS, store=InMemorySink())
    line.go()
    return line


def ndjson(chance: random.Random, folder: Path) -> None:
    """Every line of every stream is an event, a duplicate, in quarantine or blank, and the run goes to its end."""
    seeds = sorted(SEEDS.glob("*.ndjson"))
    lines = [chance.choice(seeds) for _ in range(3)]
    sources: list[Source] = []
    wanted = 0
    for n, seed in enumerate(lines):
        good = seed.read_bytes().splitlines()
        bad = [mutated(line, chance) for line in chance.choices(good, k=20)]
        data = b"\n".join([*chance.choices(good, k=5), *bad]) + b"\n"
        path = folder / f"{n}.ndjson"
        path.write_bytes(data)
        data = data.removeprefix(b"\xef\xbb\xbf")
        wanted += sum(bool(line.strip()) for line in data.split(b"\n"))
        sources.append(open_source(path, seed.stem, partition=f"{n}"))
    _counted(_run(sources), wanted)


def _counted(line: Run, wanted: int) -> None:
    taken, refused = line.summary.events, line.summary.quarantined
    assert taken + refused == wanted, f"{wanted} records, but {taken} taken and {refused} in quarantine"


def csv_file(chance: random.Random, folder: Path) -> None:
    """A CSV file is read to its end, or refused with a sentence."""
    path = folder / "calls.csv"
    path.write_bytes(mutated((SEEDS / "calls.csv").read_bytes(), chance))
    mapping = [load_mapping(SEEDS / "calls.yaml")] if chance.random() < 0.8 else []
    _run([open_source(path, "usage", mappings=mapping)])


def parquet_file(chance: random.Random, folder: Path) -> None:
    """So is a Parquet file, whatever its bytes are."""
    whole, path = folder / "whole.parquet", folder / "calls.parquet"
    if not whole.exists():
        pl.read_csv(SEEDS / "calls.csv", infer_schema_length=0).write_parquet(whole)
    path.write_bytes(mutated(whole.read_bytes(), chance))
    _run([open_source(path, "usage", mappings=[load_mapping(SEEDS / "calls.yaml")])])


def mapping_file(chance: random.Random, folder: Path) -> None:
    """A mapping is refused with a sentence, or reads a good file to its end."""
    path = folder / "mapping.yaml"
    change = chance.choice((mutated, mutated_words, mutated_words, mutated_words))
    path.write_bytes(change((SEEDS / "calls.yaml").read_bytes(), chance))
    data = folder / "good.csv"
    data.write_bytes((SEEDS / "calls.csv").read_bytes())
    mapping = load_mapping(path)
    source = open_source(data, mapping.stream, mappings=[mapping])
    _all_there(source)


def _all_there(source: Source) -> None:
    """Every record is read, refused or left out, and none twice."""
    for batch in source.batches():
        told = len(batch.rows) + len(batch.rejected) + batch.left_out
        assert told == batch.end - batch.begin, f"{batch.end - batch.begin} records, but {told} told of"


def ready_mapping(chance: random.Random, folder: Path) -> None:
    """So does every ready mapping, whole or mutated, with a sample that is mutated."""
    sample = chance.choice(SAMPLES)
    mapping, data = folder / "ready.yaml", folder / sample.name
    text = (sample.parent.parent / f"{sample.stem}.yaml").read_bytes()
    mapping.write_bytes(mutated_words(text, chance) if chance.random() < 0.3 else text)
    data.write_bytes(mutated(sample.read_bytes(), chance))
    _all_there(open_file(data, load_mapping(mapping)))


def binary_file(chance: random.Random, folder: Path) -> None:
    """A TAP, NRTRDE or CDR file is known by its content or refused with a sentence, and read to its end."""
    sample = chance.choice([each for each in SAMPLES if each.stem in DECODERS])
    path = folder / "file"
    path.write_bytes(mutated(sample.read_bytes(), chance))
    _run(open_files({"usage": [path]}))


def rules_file(chance: random.Random, folder: Path) -> None:
    """Rules are refused with a sentence, or run."""
    path = folder / "rules.yaml"
    change = chance.choice((mutated, mutated_words, mutated_words, mutated_words))
    path.write_bytes(change((SEEDS / "rules.yaml").read_bytes(), chance))
    rules = load_rules(path)
    rules_by_key_space(rules)
    sources: list[Source] = [open_source(SEEDS / "usage.ndjson", "usage")]
    Run(sources, plan_of(rules, SETTINGS), SETTINGS, as_of_ms=AS_OF_MS, store=InMemorySink()).go()


def configuration(chance: random.Random, folder: Path) -> None:
    """A configuration is refused with a sentence, or is one."""
    path = folder / "tollwatch.toml"
    change = chance.choice((mutated, mutated_words, mutated_words, mutated_words))
    path.write_bytes(change((SEEDS / "tollwatch.toml").read_bytes(), chance))
    name = mutated(b"SOURCES__gateway__SLOW", chance).decode("utf-8", "replace").replace("\x00", "").replace("=", "")
    value = mutated(b"true", chance).decode("utf-8", "replace").replace("\x00", "")
    with mock.patch.dict(os.environ, {}):
        settings = load_settings(path, {f"TOLLWATCH_{name}": value} if chance.random() < 0.5 else {})
    make_plan(settings)


TARGETS: dict[str, Target] = {
    "binary": binary_file,
    "formats": ready_mapping,
    "ndjson": ndjson,
    "csv": csv_file,
    "parquet": parquet_file,
    "mappings": mapping_file,
    "rules": rules_file,
    "configuration": configuration,
}


def seeds_of(target: str, first: int) -> "itertools.count[int]":
    """Numbers that begin the inputs of a target: each names one input for good."""
    return itertools.count(first * 1_000_003 + sorted(TARGETS).index(target))
