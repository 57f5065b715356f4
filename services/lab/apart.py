"""What a process does that works beside a worker: it stands behind everybody else, and ends with the worker."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading

NICE = 10
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that this process gets when the one that started it ends, whatever it is doing then."""


def stand_back() -> None:
    """Take a low priority, and end when the process ends that started this one, be it killed."""
    os.nice(NICE)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if not parent.is_alive():
        os._exit(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    """Where the kernel does not do it: compiled code that lets no thread in holds this up."""
    parent.join()
    os._exit(1)
