"""How soon the gateway answers again after its model server, killed with -9, is back.

`python -m benchmarks.recovery`: restarts the server several times behind one gateway that is never restarted, and
measures from the moment the server's port takes connections to the first answer through the gateway. A client asks
all the while, so the gateway has seen the server fail and backs off, as it would in production.
"""

import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.stack import Stack, started, train
from tests.processes import wait_until
from tests.servers import embedded_command

ROUNDS = 5
GOAL_SECONDS = 2.0
ROUND_TIMEOUT_SECONDS = 60.0


def accepts(address: tuple[str, int]) -> bool:
    """Whether something takes connections there."""
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def measure(stack: Stack) -> float:
    """Kill the server, start it again and time its return.

    Args:
        stack: A gateway and a model server that answer.

    Returns:
        Seconds from the server's first accepted connection to the gateway's first answer.
    """
    stack.server.kill()
    stack.server.wait(ROUND_TIMEOUT_SECONDS)
    wait_until(lambda: stack.predict(10).status_code == 503, ROUND_TIMEOUT_SECONDS, "a refusal")
    stack.restart_server()

    def back() -> bool:
        assert stack.predict(10).status_code in (200, 503)
        return accepts(stack.server_address)

    wait_until(back, ROUND_TIMEOUT_SECONDS, "the server's port")
    returned = time.perf_counter()
    wait_until(lambda: stack.predict(10).status_code == 200, ROUND_TIMEOUT_SECONDS, "an answer")
    return time.perf_counter() - returned


def main() -> int:
    """Run the rounds.

    Returns:
        The exit code: 1 if a round took longer than the goal.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train(folder / "store")
        with started(folder, embedded_command) as stack:
            stack.wait_until_ready()
            seconds = [measure(stack) for _ in range(ROUNDS)]
    print(f"{ROUNDS} restarts, seconds from the model server's return to the first answer through the gateway:")
    print(f"median {statistics.median(seconds):.2f}, slowest {max(seconds):.2f}, goal {GOAL_SECONDS}")
    return 0 if max(seconds) <= GOAL_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
