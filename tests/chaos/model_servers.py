"""Faults of model servers."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.chaos.load import get, load
from tests.chaos.world import Fault, Observed, World, for_seconds
from tests.processes import free_port, wait_until

WAIT_SECONDS = 60.0
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
    """One of three model servers hangs: pings tell it from one that thinks, if there is time for them."""
    with load(world.port) as seen:
        for_seconds(1)
        world.servers[2].send(signal.SIGSTOP)
        for_seconds(5)
        world.servers[2].send(signal.SIGCONT)
        back = time.monotonic()
        wait_until(lambda: seen.good_after(back) > 0, WAIT_SECONDS, "answers")
        for_seconds(2)
    good = seen.kinds()["200"] > 0
    return Observed(set(seen.failed()) <= {"504"} and good, str(seen))


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
    held = set(seen.failed()) <= {"503", "504"} and live == 200 and took < PROBE_SECONDS
    return Observed(held, f"{seen}; /livez {live} after {took:.2f} s; answers {recovered:.2f} s after it went on")


@contextmanager
def relay(port: int, delay: float) -> Iterator[int]:
    """Pass on all that comes to a port, and the answers so much later, until the block ends."""
    with socket.create_server(("127.0.0.1", free_port())) as listening:

        def pump(source: socket.socket, sink: socket.socket, seconds: float) -> None:
            with suppress(OSError):
                while data := source.recv(65536):
                    time.sleep(seconds)
                    sink.sendall(data)
            for end in (source, sink):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    server = socket.create_connection(("127.0.0.1", port))
                    for ends in ((client, server, 0.0), (server, client, delay)):
                        threading.Thread(target=pump, args=ends, daemon=True).start()

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
        "504 at the deadline (2 s here), `/livez` 200 within a second; answers as soon as it goes on",
        frozen,
    ),
]
THREE = [
    Fault("One of three model servers is killed, and started again", "no failed request", one_of_three_killed),
    Fault(
        "One of three model servers hangs for 5 s (SIGSTOP)",
        "504 at worst for the requests that it was given; the others are answered",
        one_of_three_frozen,
    ),
]
