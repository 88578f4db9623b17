"""Many chunks of requests at a time, and a table of them."""

import os
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import msgspec

from tests.fuzz.run import Counts, run
from tests.fuzz.target import ViolationError

CHUNK = 10_000  # requests of one random generator, so that a seed makes the same ones on any number of cores
MOST_SECONDS = 600  # for a chunk, which takes some: beyond, a reply will never come
VIOLATIONS = Path(".cache/fuzz")


def fuzz(seed: str, runs: int) -> int:
    """Put many requests to the gateway, on all cores.

    Args:
        seed: The same seed makes the same requests.
        runs: How many.

    Returns:
        The exit code: 1 where a reply was not what every reply has to be.
    """
    sizes = [min(CHUNK, runs - start) for start in range(0, runs, CHUNK)]
    began = time.monotonic()
    # Not forked: the threads that gRPC has by then would not survive it.
    pool = ProcessPoolExecutor(os.cpu_count(), get_context("spawn"))
    with tempfile.TemporaryDirectory() as folder:
        kept = [Path(folder, str(index)) for index in range(len(sizes))]
        chunks = [pool.submit(run, f"{seed}:{i}", size, kept[i]) for i, size in enumerate(sizes)]
        try:
            counts = _sum(chunks)
        except ViolationError as error:
            print(error.message)
            _write([msgspec.json.encode(error.request)])
            return 1
        except (BrokenProcessPool, TimeoutError) as error:
            print(f"{type(error).__name__}: a reply never came, and the cause is one of these requests")
            _write([file.read_bytes() for file in kept if file.exists()])
            return 1
        finally:
            for process in list((pool._processes or {}).values()):  # from Python 3.14 on, there is a method for it
                process.kill()
    print(f"{table(counts)}\n{runs} requests in {time.monotonic() - began:.0f} s, seed {seed}: no violation")
    return 0


def _sum(chunks: Iterable[Future[Counts]]) -> Counts:
    began, counts = time.monotonic(), Counter[tuple[str, int]]()
    for done, chunk in enumerate(chunks, 1):
        counts += chunk.result(timeout=MOST_SECONDS)
        if done % 10 == 0:
            rate = counts.total() / (time.monotonic() - began)
            print(f"{counts.total():>8} requests, {rate:.0f} a second", flush=True)
    return counts


def _write(requests: Iterable[bytes]) -> None:
    VIOLATIONS.mkdir(parents=True, exist_ok=True)
    for content in requests:
        file = VIOLATIONS / f"{zlib.crc32(content):08x}.json"
        file.write_bytes(content)
        print(f"python -m tests.fuzz --replay {file}")


def table(counts: Counts) -> str:
    """The requests by route and status.

    Args:
        counts: How many there were.

    Returns:
        One line a route, and one for all.
    """
    statuses = sorted({status for _, status in counts})
    lines = [f"{'route':<16}{'requests':>9}" + "".join(f"{status:>8}" for status in statuses)]
    for route in [*sorted({route for route, _ in counts}), "all"]:
        of = [sum(n for (r, s), n in counts.items() if route in (r, "all") and s == status) for status in statuses]
        lines.append(f"{route:<16}{sum(of):>9}" + "".join(f"{n or '-':>8}" for n in of))
    return "\n".join(lines)
