"""ClickHouse's own main, run as a server: `python clickhouse_main.py LIBRARY FOLDER TCP_PORT HTTP_PORT`.

The library is that of clickhouse-local, which can listen; it serves as long as its query reads from a pipe that
nobody closes.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from pathlib import Path

CONFIG = """<clickhouse>
<logger><level>warning</level><console>true</console></logger>
<users_config>users.xml</users_config>
<mark_cache_size>268435456</mark_cache_size>
<background_pool_size>4</background_pool_size>
<background_message_broker_schedule_pool_size>32</background_message_broker_schedule_pool_size>
</clickhouse>
"""


def main(library: str, folder: str, tcp_port: str, http_port: str) -> int:
    """Serve until SIGTERM."""
    own = Path(folder)
    own.mkdir(parents=True, exist_ok=True)
    os.chdir(own)
    pipe = own / "pipe"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    config = own / "config.xml"
    if not config.exists():
        config.write_text(CONFIG.replace("<users_config>users.xml</users_config>\n", ""), "utf-8")
    query = (
        "SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; "
        f"SELECT * FROM file('{pipe}', 'LineAsString', 'l String') FORMAT Null"
    )
    words = [
        "clickhouse-local", "--path", str(own / "data"), "--listen_host", "127.0.0.1", "--http_port", http_port,
        "--tcp_port", tcp_port, "--config-file", str(config), "--query", query,
    ]  # fmt: skip
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
