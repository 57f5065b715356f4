"""`tollwatch up` in a folder of its own: everything starts, answers, and ends with Ctrl-C."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from tests.live.rig import COMMAND, SERVERS, need_servers, run
from tests.shared import ROOT


def test_up(tmp_path: Path) -> None:
    """What `make up` starts is in good health; after Ctrl-C nothing of it runs."""
    need_servers()
    env = os.environ | {"TOLLWATCH_SERVERS": str(SERVERS)}
    with (tmp_path / "log").open("wb") as log:
        words = [*COMMAND, "up", "--folder", str(tmp_path / "up"), "--workers", "1"]
        own = subprocess.Popen(words, env=env, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    try:
        file = tmp_path / "up" / "environment"
        until = time.monotonic() + 120
        while not file.exists() and time.monotonic() < until and own.poll() is None:
            time.sleep(0.5)
        assert file.exists(), (tmp_path / "log").read_text("utf-8")
        given = dict(re.findall(r"^export (\w+)=(.*)$", file.read_text("utf-8"), re.MULTILINE))
        well = run("doctor", env=given, check=False)
        assert well.returncode == 0, well.stdout
        os.killpg(own.pid, signal.SIGINT)
        assert own.wait(90) == 0
        assert run("doctor", env=given, check=False).returncode == 5
    finally:
        if own.poll() is None:
            os.killpg(own.pid, signal.SIGKILL)
