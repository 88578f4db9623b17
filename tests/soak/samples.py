"""What processes hold: memory, file descriptors, threads, as Linux tells in /proc."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

IS_LINUX = Path("/proc/self/smaps_rollup").exists()
_PRIVATE = ("Private_Clean", "Private_Dirty", "Private_Hugetlb")
_STEADY_SECONDS = 1.0
_REST_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a process, or several together, hold.

    Attributes:
        private_bytes: Memory that would be free again without them, the "unique set size": what is mapped by no other.
        resident_bytes: Memory with what they share with others: libraries, pages from before a fork.
        descriptors: Open file descriptors.
        threads: Threads.
    """

    private_bytes: int
    resident_bytes: int
    descriptors: int
    threads: int

    def __add__(self, other: "Held") -> "Held":
        return Held(**{name: getattr(self, name) + getattr(other, name) for name in MEASURES})


MEASURES = tuple(Held.__dataclass_fields__)


def held(pid: int) -> Held:
    """Read what a process holds.

    Args:
        pid: The process.

    Returns:
        What it holds now.

    Raises:
        OSError: There is no such process any more.
    """
    folder = Path("/proc", str(pid))
    lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return Held(
        private_bytes=1024 * sum(kilobytes.get(name, 0) for name in _PRIVATE),
        resident_bytes=1024 * kilobytes["Rss"],
        descriptors=_count(folder / "fd"),
        threads=_count(folder / "task"),
    )


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


def children(pid: int) -> list[int]:
    """The processes that a process has started and that run still, oldest first."""
    tasks = Path("/proc", str(pid), "task").iterdir()
    return sorted(int(child) for task in tasks for child in (task / "children").read_text(encoding="ascii").split())


def family(pid: int) -> list[int]:
    """A process and all below it: a server may be behind a wrapper script."""
    return [pid, *(member for child in children(pid) for member in family(child))]


def at_rest(processes: Mapping[str, list[int]], *, like: Mapping[str, Held] | None = None) -> dict[str, Held]:
    """Wait until nothing comes or goes any more, and read what processes hold.

    Connections that clients have closed are closed by servers a moment later, and threads without work end.

    Args:
        processes: The process ids by what they are together.
        like: What they once held, to wait until they have no more descriptors and threads than that.

    Returns:
        What each holds; should that not come about in time, then what it holds in the end.
    """
    end = time.monotonic() + _REST_SECONDS
    now, since = _read(processes), time.monotonic()
    while (time.monotonic() < since + _STEADY_SECONDS or _has_more(now, like or now)) and time.monotonic() < end:
        time.sleep(0.1)
        before, now = now, _read(processes)
        if any(_counts(before[name]) != _counts(now[name]) for name in processes):
            since = time.monotonic()
    return now


def _has_more(now: Mapping[str, Held], before: Mapping[str, Held]) -> bool:
    pairs = [(_counts(now[name]), _counts(before[name])) for name in now]
    return any(more > less for now_, before_ in pairs for more, less in zip(now_, before_, strict=True))


def _counts(of: Held) -> tuple[int, int]:
    return of.descriptors, of.threads


def _read(processes: Mapping[str, list[int]]) -> dict[str, Held]:
    return {name: _sum([held(pid) for pid in pids]) for name, pids in processes.items()}


def _sum(parts: list[Held]) -> Held:
    total = parts[0]
    for part in parts[1:]:
        total += part
    return total
