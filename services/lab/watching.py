"""Beside workers somebody looks at the models once an hour: drift and calibration are stored for the board."""

import logging
import multiprocessing
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.process import BaseProcess

from services.lab.apart import stand_back
from services.lab.health import keep_health
from services.stores import open_store
from tollwatch.config import Settings

log = logging.getLogger("tollwatch.models")
EVERY_S = 3_600.0
LONGEST_S = 600.0


def _look(settings: Settings) -> None:
    """Look at all of them in a process of its own, behind everybody else: it goes through very many scores."""
    stand_back()
    with closing(open_store(None, settings)) as store:
        found = keep_health(store, settings)
    log.info("looked at %s", ", ".join(each.detector for each in found) or "no model: none has scored anything")


class Watching:
    """The process that looks. `go_on` returns at once: it starts one when it is time, and ends a slow one."""

    def __init__(
        self,
        settings: Settings,
        *,
        every_s: float = EVERY_S,
        longest_s: float = LONGEST_S,
        target: Callable[..., None] = _look,
    ) -> None:
        self.settings, self.every_s, self.longest_s, self.target = settings, every_s, longest_s, target
        self.process: BaseProcess | None = None
        self.began = float("-inf")

    def go_on(self) -> None:
        """Do what is due."""
        took = time.monotonic() - self.began
        if self.process is not None:
            if self.process.is_alive() and took < self.longest_s:
                return
            self._end(self.process)
        if took >= self.every_s:
            self._begin()

    def _begin(self) -> None:
        self.began = time.monotonic()
        self.process = multiprocessing.get_context("spawn").Process(
            target=self.target, args=(self.settings,), daemon=True, name="watching-models"
        )
        self.process.start()

    def _end(self, process: BaseProcess) -> None:
        self.process = None
        if process.is_alive():
            process.kill()
            log.warning("looking at the models took longer than %.0f s and was ended", self.longest_s)
        elif process.exitcode:
            log.warning("looking at the models ended with exit code %s", process.exitcode)
        process.join(timeout=5)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.join(timeout=5)
            self.process = None
