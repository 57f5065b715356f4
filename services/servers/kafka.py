"""Apache Kafka brokers in KRaft mode on loopback: one, or several that replicate."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from services.servers.packages import kafka_jars
from services.servers.process import ServerProcess, free_port, listens
from tollwatch.errors import StoreError

HEAP = "-Xmx512m"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"


def _java(jars: Path, *words: str) -> list[str]:
    return ["java", HEAP, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=4", QUIET, "-cp", f"{jars}/*", *words]


class Kafka:
    """Brokers that are controllers as well; the same folder started again has what it had.

    `scram` are names and passwords: then clients come over SASL (SCRAM-SHA-512), and only brokers without.
    """

    def __init__(
        self, programs: Path, folder: Path, *, brokers: int = 1, scram: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.jars, self.folder, self.scram = kafka_jars(programs), folder, list(scram)
        self.ports = [free_port() for _ in range(brokers)]
        self.controllers = [free_port() for _ in range(brokers)]
        self.clients = [free_port() for _ in range(brokers)] if scram else self.ports
        self.programs = [self._broker(n) for n in range(brokers)]

    @property
    def servers(self) -> str:
        """Where clients connect, as one text."""
        return ",".join(f"127.0.0.1:{port}" for port in self.clients)

    def _broker(self, n: int) -> ServerProcess:
        own = self.folder / f"broker-{n}"
        own.mkdir(parents=True, exist_ok=True)
        (own / "server.properties").write_text(self._properties(n, own), "utf-8")
        words = _java(self.jars, "kafka.Kafka", str(own / "server.properties"))
        return ServerProcess(f"Kafka broker {n}", words, own / "log")

    def _properties(self, n: int, own: Path) -> str:
        replicas = min(len(self.ports), 3)
        listeners = f"PLAINTEXT://127.0.0.1:{self.ports[n]},CONTROLLER://127.0.0.1:{self.controllers[n]}"
        advertised = f"PLAINTEXT://127.0.0.1:{self.ports[n]}"
        if self.scram:
            listeners += f",SASL://127.0.0.1:{self.clients[n]}"
            advertised += f",SASL://127.0.0.1:{self.clients[n]}"
        said = {
            "node.id": n + 1,
            "process.roles": "broker,controller",
            "controller.quorum.voters": ",".join(f"{i + 1}@127.0.0.1:{p}" for i, p in enumerate(self.controllers)),
            "controller.listener.names": "CONTROLLER",
            "listeners": listeners,
            "advertised.listeners": advertised,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.sasl.scram-sha-512.sasl.jaas.config": SCRAM,
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": own / "data",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": 1,
            "min.insync.replicas": 1 if replicas == 1 else 2,
            "group.initial.rebalance.delay.ms": 0,
            "log.segment.bytes": 1 << 28,
            "message.max.bytes": 16 << 20,
            "replica.fetch.max.bytes": 16 << 20,
        }
        return "".join(f"{name}={value}\n" for name, value in said.items())

    def _format(self, n: int, cluster: str) -> None:
        own = self.folder / f"broker-{n}"
        if (own / "data" / "meta.properties").exists():
            return
        words = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(own / "server.properties")]
        for name, password in self.scram:
            words += ["--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]"]
        self._tool(*words)

    def _tool(self, *words: str) -> str:
        done = subprocess.run(_java(self.jars, *words), capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise StoreError(f"Kafka's storage cannot be made: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout.strip()

    def start(self) -> None:
        """Start all brokers and wait until they answer."""
        name = self.folder / "cluster"
        if not name.exists():
            name.write_text(self._tool("kafka.tools.StorageTool", "random-uuid").splitlines()[-1], "utf-8")
        for n in range(len(self.programs)):
            self._format(n, name.read_text("utf-8"))
        for program in self.programs:
            program.start()
        for program, port in zip(self.programs, self.clients, strict=True):
            program.wait_until(lambda port=port: listens(port))  # type: ignore[misc]

    def stop(self) -> None:
        """Stop all brokers."""
        for program in self.programs:
            program.stop()

    def kill(self) -> None:
        """End all brokers at once."""
        for program in self.programs:
            program.kill()
