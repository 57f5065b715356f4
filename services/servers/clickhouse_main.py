"""ClickHouse's own main, run as a server: `python clickhouse_main.py LIBRARY FOLDER TCP_PORT HTTP_PORT`.

The library is that of clickhouse-local, which can listen; it serves as long as its query reads from a pipe that
nobody closes. Unlike the server it ends when a connection is reset, as that of a killed client is: so clients come
through a relay, which closes in order whatever happens.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

CONFIG = """<clickhouse>
<mark_cache_size>268435456</mark_cache_size>
<background_pool_size>4</background_pool_size>
<background_message_broker_schedule_pool_size>32</background_message_broker_schedule_pool_size>
</clickhouse>
"""


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on until the end; where nobody takes it any more, read on all the same."""
    taken = True
    while True:
        try:
            data = await reader.read(1 << 16)
        except OSError:
            data = b""
        if not data:
            break
        if taken:
            try:
                writer.write(data)
                await writer.drain()
            except OSError:
                taken = False
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()


async def _relay(port: int, inner: int) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", inner)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        for each in (writer, far_writer):
            each.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _serve_relay(port: int, inner: int) -> None:
    while not _listens(inner):
        time.sleep(0.05)
    asyncio.run(_relay(port, inner))


def _words(own: Path, pipe: Path, tcp_port: int, http_port: str) -> list[str]:
    """The command line of clickhouse-local that listens on two ports until nobody holds the pipe open any more."""
    config = own / "config.xml"
    if not config.exists():
        config.write_text(CONFIG, "utf-8")
    query = (
        "SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; "
        f"SELECT * FROM file('{pipe}', 'LineAsString', 'l String') FORMAT Null"
    )
    given = {"path": own / "data", "listen_host": "127.0.0.1", "http_port": http_port, "tcp_port": tcp_port}
    given |= {"config-file": config, "query": query}
    return ["clickhouse-local", *(word for name, value in given.items() for word in (f"--{name}", str(value)))]


def main(library: str, folder: str, tcp_port: str, http_port: str) -> int:
    """Serve until SIGTERM."""
    own = Path(folder)
    own.mkdir(parents=True, exist_ok=True)
    os.chdir(own)
    pipe = own / "pipe"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        inner = free.getsockname()[1]
    words = _words(own, pipe, inner, http_port)
    threading.Thread(target=_serve_relay, args=(int(tcp_port), inner), daemon=True).start()
    done = threading.Event()

    def hold() -> None:
        with contextlib.suppress(OSError), pipe.open("wb"):
            done.wait()

    def end(*_: object) -> None:
        done.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    threading.Thread(target=hold, daemon=True).start()
    code: list[int] = []

    def serve() -> None:
        given = (ctypes.c_char_p * len(words))(*[word.encode() for word in words])
        code.append(ctypes.CDLL(library).chdb_query_cmdline(len(words), given))
        done.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    done.wait()
    thread.join(20)
    sys.stdout.flush()
    os._exit(code[0] if code else 0)


if __name__ == "__main__":
    main(*sys.argv[1:5])
