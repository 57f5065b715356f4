"""Work that takes longer than a page may: done in a thread, with its progress shown, and ended when asked."""

import secrets
import threading
from collections.abc import Callable
from typing import Any

from tollwatch.errors import TollwatchError

KEPT = 100


class CancelledError(TollwatchError):
    """Whoever asked for the work does not want it any more."""


class Job:
    """One piece of work: how far it is, what came of it, or why it failed."""

    def __init__(self, what: str, owner: str, tenant: str) -> None:
        self.job_id, self.what, self.owner, self.tenant = secrets.token_hex(8), what, owner, tenant
        self.done, self.result, self.error = 0, None, ""
        self.state = "running"
        self._stop = threading.Event()

    def tell(self, done: int) -> None:
        """Say how far it is. Raises CancelledError where nobody wants it any more."""
        self.done = done
        if self._stop.is_set():
            raise CancelledError("cancelled")

    def cancel(self) -> None:
        """Ask it to end."""
        self._stop.set()


class Background:
    """The work of a console."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def start(self, job: Job, work: Callable[[Job], Any]) -> Job:
        """Begin a piece of work; it is found again by its id for a while after it has ended."""
        for old in [each for each in self.jobs.values() if each.state != "running"][: -KEPT or None]:
            del self.jobs[old.job_id]
        self.jobs[job.job_id] = job
        threading.Thread(target=self._run, args=(job, work), daemon=True, name=f"job-{job.what}").start()
        return job

    @staticmethod
    def _run(job: Job, work: Callable[[Job], Any]) -> None:
        try:
            job.result = work(job)
            job.state = "done"
        except CancelledError:
            job.state = "cancelled"
        except TollwatchError as error:
            job.state, job.error = "failed", str(error)
        except Exception as error:  # noqa: BLE001  (told to who waits for it)
            job.state, job.error = "failed", f"{type(error).__name__}: {error}"

    def find(self, job_id: str, tenant: str) -> Job | None:
        """The work of an id, of a tenant."""
        job = self.jobs.get(job_id)
        return job if job is not None and job.tenant == tenant else None
