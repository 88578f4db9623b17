"""Faults of model servers."""

import queue
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.chaos.load import HEADERS, get, load
from tests.chaos.world import GUNICORN, Fault, Observed, World, for_seconds
from tests.processes import free_port, running, wait_until

WAIT_SECONDS = 60.0
DEADLINE_SECONDS = 2.0  # of the lone server's gateway
SLOW_SECONDS = 0.5
PROBE_SECONDS = 1.0  # after which Kubernetes gives a probe up, by default


def killed(world: World) -> Observed:
    """The only model server is killed, and started again."""
    with load(world.port) as seen:
        for_seconds(1)
        world.servers[0].kill()
        world.servers[0].wait(10)
        for_seconds(2)
        live = get(world.port, "/livez")[0]
        world.restart()
        wait_until(world.is_ready, WAIT_SECONDS, "the gateway to be ready")
        back = time.monotonic()
        wait_until(lambda: seen.good_after(back) > 0, WAIT_SECONDS, "answers")
        recovered = seen.good_after(back)
    held = set(seen.failed()) <= {"503"} and not seen.unhelpful and live == 200
    return Observed(held, f"{seen}; /livez {live}; first answer {recovered:.2f} s after readiness")


def one_of_three_killed(world: World) -> Observed:
    """One of three model servers is killed, and started again."""
    with load(world.port) as seen:
        for_seconds(2)
        world.servers[1].kill()
        world.servers[1].wait(10)
        for_seconds(3)
        world.restart(1)
        for_seconds(6)
    return Observed(not seen.failed(), str(seen))


def one_of_three_frozen(world: World) -> Observed:
    """One of three model servers hangs: pings tell it from one that thinks."""
    with load(world.port) as seen:
        for_seconds(1)
        world.servers[2].send(signal.SIGSTOP)
        for_seconds(5)
        world.servers[2].send(signal.SIGCONT)
        back = time.monotonic()
        wait_until(lambda: seen.good_after(back) > 0, WAIT_SECONDS, "answers")
        for_seconds(2)
    return Observed(not seen.failed(), f"{seen}; slowest answer {seen.slowest['200']:.2f} s")


def frozen(world: World) -> Observed:
    """The only model server hangs, and goes on."""
    with load(world.port) as seen:
        for_seconds(1)
        world.servers[0].send(signal.SIGSTOP)
        for_seconds(3)
        began = time.monotonic()
        live = get(world.port, "/livez")[0]
        took = time.monotonic() - began
        world.servers[0].send(signal.SIGCONT)
        back = time.monotonic()
        wait_until(lambda: seen.good_after(back) > 0, WAIT_SECONDS, "answers")
        recovered = seen.good_after(back)
    slowest = max(seen.slowest.values())
    held = set(seen.failed()) <= {"503", "504"} and not seen.unhelpful and live == 200 and took < PROBE_SECONDS
    held = held and slowest < DEADLINE_SECONDS + PROBE_SECONDS
    told = f"slowest {slowest:.2f} s; /livez {live} after {took:.2f} s; answers {recovered:.2f} s after it went on"
    return Observed(held, f"{seen}; {told}")


def slow(world: World) -> Observed:
    """A model server takes half a second more for each answer."""
    port = free_port()
    with relay(int(world.settings["MODEL_SERVER"].rpartition(":")[2]), SLOW_SECONDS) as slowed:
        env = world.settings | {"PORT": str(port), "MODEL_SERVER": f"127.0.0.1:{slowed}", "TIMEOUT_SECONDS": "5"}
        with running(GUNICORN, log_file=world.folder / "slow.log", env=env):
            wait_until(lambda: get(port, "/readyz")[0] == 200, WAIT_SECONDS, "the gateway")
            with load(port) as patient, load(port, headers=HEADERS | {"X-Timeout-Seconds": "0.2"}) as hasty:
                for_seconds(5)
    held = not patient.failed() and set(hasty.kinds()) == {"504"} and hasty.slowest["504"] < SLOW_SECONDS
    told = f"who gives 0.2 s: {hasty.kinds()['504']} x 504, slowest {hasty.slowest.get('504', 0):.2f} s"
    return Observed(held, f"{patient}; slowest {patient.slowest['200']:.2f} s; {told}")


def _pump(source: socket.socket, sink: socket.socket, delay: float) -> None:
    """Pass on what comes, each piece so much later than it came, until there is no more."""
    on_the_way: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def take() -> None:
        data = b"more"
        while data:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            on_the_way.put((time.monotonic() + delay, data))

    threading.Thread(target=take, daemon=True).start()
    with suppress(OSError):
        while (item := on_the_way.get())[1]:
            time.sleep(max(item[0] - time.monotonic(), 0))
            sink.sendall(item[1])
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(port: int, delay: float) -> Iterator[int]:
    """Pass on all that comes to a port, and the answers so much later, until the block ends."""
    with socket.create_server(("127.0.0.1", free_port())) as listening:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    server = socket.create_connection(("127.0.0.1", port))
                    for ends in ((client, server, 0.0), (server, client, delay)):
                        threading.Thread(target=_pump, args=ends, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


ALONE = [
    Fault(
        "The only model server is killed (SIGKILL), and started again",
        "503 with Retry-After meanwhile, `/livez` 200; answers as soon as it is back, without a restart",
        killed,
    ),
    Fault(
        "The only model server hangs for 3 s (SIGSTOP)",
        "504 at the deadline (2 s here), or 503 with Retry-After where pings found it out; no answer takes a second "
        "more, `/livez` 200 within a second; answers as soon as it goes on",
        frozen,
    ),
    Fault(
        "The model server takes 0.5 s more for each answer",
        "no failed request of who gives it time (`TIMEOUT_SECONDS` is 5 here); 504 at once for who gives 0.2 s",
        slow,
    ),
]
THREE = [
    Fault("One of three model servers is killed, and started again", "no failed request", one_of_three_killed),
    Fault(
        "One of three model servers hangs for 5 s (SIGSTOP)",
        "no failed request (`TIMEOUT_SECONDS` is 5 here)",
        one_of_three_frozen,
    ),
]
