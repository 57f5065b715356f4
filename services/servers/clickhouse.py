"""A ClickHouse server on loopback."""

import sys
from pathlib import Path

from services.servers import clickhouse_main
from services.servers.packages import clickhouse_library
from services.servers.process import ServerProcess, free_port, listens


class ClickHouse:
    """One server; the same folder started again has what it had."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        self.tcp_port, self.http_port = free_port(), free_port()
        words = [
            sys.executable,
            str(clickhouse_main.__file__),
            str(clickhouse_library(programs).resolve()),
            str(folder.resolve()),
            str(self.tcp_port),
            str(self.http_port),
        ]
        self.program = ServerProcess("ClickHouse", words, folder / "log")

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"clickhouse://default@127.0.0.1:{self.tcp_port}/tollwatch"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.program.start()
        self.program.wait_until(lambda: listens(self.tcp_port) and listens(self.http_port))

    def stop(self) -> None:
        """Stop it."""
        self.program.stop()
