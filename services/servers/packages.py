"""Fetch the programs from their package registries, once: Kafka's jars by Maven, ClickHouse's library by npm."""

import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from tollwatch.errors import StoreError

KAFKA = "4.3.1"
SLF4J = "1.7.36"
CLICKHOUSE = "@chdb/lib-linux-x64-gnu@26.7.3-stable.1"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>tollwatch</groupId><artifactId>parts</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{SLF4J}</version></dependency>
</dependencies></project>
"""


def missing() -> list[str]:
    """Which programs are needed to fetch and run the parts, and are not there."""
    return [name for name in ("java", "mvn", "npm") if shutil.which(name) is None]


def _run(words: Sequence[str], folder: Path, what: str) -> str:
    program = shutil.which(words[0])
    if program is None:
        raise StoreError(f"{what} needs `{words[0]}`, which is not installed; install it, or use servers of your own")
    done = subprocess.run([program, *words[1:]], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise StoreError(f"{what} could not be fetched: {said[-1] if said else 'no reason was given'}")
    return done.stdout


def kafka_jars(folder: Path) -> Path:
    """The folder of Kafka's jars, fetched if it is not there yet."""
    jars = folder / f"kafka-{KAFKA}"
    if not jars.is_dir():
        fresh = folder / "kafka.fetching"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        (fresh / "pom.xml").write_text(POM, "utf-8")
        _run(["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], fresh, "Apache Kafka")
        (fresh / "jars").replace(jars)
        shutil.rmtree(fresh)
    return jars


def clickhouse_library(folder: Path) -> Path:
    """ClickHouse's shared library, fetched if it is not there yet."""
    library = folder / "clickhouse-26.7.3" / "libchdb.so"
    if not library.exists():
        fresh = folder / "clickhouse.fetching"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        packed = _run(["npm", "pack", "--silent", CLICKHOUSE], fresh, "ClickHouse").strip().splitlines()[-1]
        with tarfile.open(fresh / packed) as archive:
            archive.extract("package/libchdb.so", fresh, filter="data")
        library.parent.mkdir(parents=True, exist_ok=True)
        (fresh / "package" / "libchdb.so").replace(library)
        shutil.rmtree(fresh)
    return library
