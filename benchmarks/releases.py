"""What clients notice of twenty publications, canaries, promotions and rollbacks, and how soon these act.

`python -m benchmarks.releases`: 32 connections ask all the time, over all three protocols, while the commands of
`src.release` follow one another. Measured are requests that fail, answers whose value does not belong to the version
that they name, how long each command takes, and how long after a rollback's return the version that it came from still
answers. Once with the embedded server, and once with a real one where it is found.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.release_load import Releases, Seen, clients, make
from tests.e2e.stack import command, started
from tests.processes import wait_until
from tests.servers import REAL_SERVER, Command, real_command

CLIENTS = 32
ROUNDS = 20
SECONDS = 120.0
GOAL_SECONDS = 2.0  # from a rollback's return to its effect on every client


def embedded(store: Path, port: int) -> list[str]:
    """The embedded server as its users start it, with a look at the store every second."""
    return [sys.executable, "-m", "serving.embedded", "--store", str(store), "--port", str(port)]


def real(store: Path, port: int) -> list[str]:
    """The real server."""
    return real_command(REAL_SERVER, store, port)


def measure(folder: Path, server: Command) -> Seen:
    """Let the releases follow one another under load, for two minutes at least."""
    store, seen = folder / "store", Seen()
    make(store, [1])
    make(folder / "made", range(2, ROUNDS + 2))
    command("src.release", "promote", "line", "1", "--offline", "--store", store, "--served-from", store)
    with started(folder, server, TRAFFIC_FILE=str(store / "traffic.json"), LOG_LEVEL="warning") as stack:
        stack.wait_until_ready()
        releases, begin = Releases(stack, folder / "made", seen), time.perf_counter()
        with clients(stack, seen, CLIENTS):
            for version in range(2, ROUNDS + 2):
                releases.round(version)
            wait_until(lambda: time.perf_counter() - begin > SECONDS, 2 * SECONDS, "the end of the two minutes")
        seen.seconds = time.perf_counter() - begin
    return seen


def _spread(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.2f} s, slowest {max(seconds):.2f} s"


def report(name: str, seen: Seen) -> bool:
    """Print what was seen; tells whether all is as it should be."""
    late, failed = seen.late(), sum(count for status, count in seen.statuses().items() if status != 200)
    print(f"{name}: {CLIENTS} connections, {seen.seconds:.0f} s, {ROUNDS} versions published")
    print(f"  requests {len(seen.answers):,} ({len(seen.answers) / seen.seconds:,.0f}/s), failed {failed}")
    print(f"  answers that do not belong to the version they name: {len(seen.wrong())}")
    labels = ", ".join(f"{label} {count:,}" for label, count in sorted(seen.labels().items(), key=str))
    print(f"  answers by label: {labels}")
    print(f"  models.config read {seen.reads:,} times, not valid {seen.invalid} times")
    for words, seconds in seen.commands.items():
        print(f"  {words}: {len(seconds)} times, {_spread(seconds)}")
    print(f"  from a rollback's return to the last answer by the old version: {_spread(late)}; goal {GOAL_SECONDS} s")
    return not (failed or seen.wrong() or seen.invalid) and max(late) <= GOAL_SECONDS


def main() -> int:
    """Run it with each server.

    Returns:
        The exit code: 1 if anything failed or was late.
    """
    good = []
    for name, server in (("embedded server", embedded), ("tensorflow_model_server", real)):
        if server is real and not REAL_SERVER:
            print(f"{name}: not found (TENSORFLOW_MODEL_SERVER), not measured")
            continue
        with tempfile.TemporaryDirectory() as folder:
            good.append(report(name, measure(Path(folder), server)))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
