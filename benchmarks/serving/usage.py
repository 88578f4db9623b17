"""What processes use: processor time, and memory that is theirs alone."""

import os
from contextlib import suppress

import psutil


def tree(pid: int) -> list[psutil.Process]:
    """A process, its descendants, and those of its session, which may have no parent left."""
    found = {process.pid: process for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]}
    for process in psutil.process_iter():
        with suppress(ProcessLookupError):
            if process.pid not in found and os.getsid(process.pid) == pid:
                found[process.pid] = process
    return list(found.values())


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """The processor time that processes have used so far."""
    used = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def private_bytes(processes: list[psutil.Process]) -> int:
    """The memory that processes share with none."""
    used = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            used += process.memory_full_info().uss
    return used
