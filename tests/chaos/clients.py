"""Faults of clients: slow, gone, silent, talking nonsense."""

import json
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.chaos.load import load
from tests.chaos.world import Fault, Observed, World, for_seconds

COUNT = 200
SECONDS = 4.0
POST = b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
ROWS = json.dumps({"data": [1.5] * 10_000}).encode()


def _beside(world: World, block: Callable[[World], Iterator[None]]) -> Observed:
    """Let clients ask beside others that do something else; these must not be noticed."""
    workers = world.workers()
    with load(world.port) as seen, contextmanager(block)(world):
        for_seconds(SECONDS)
    same = world.workers() == workers
    return Observed(not seen.failed() and same, f"{seen}; {'no' if same else 'a'} worker was replaced")


def _connections(world: World, count: int = COUNT) -> list[socket.socket]:
    return [socket.create_connection(("127.0.0.1", world.port), timeout=30) for _ in range(count)]


def idle(world: World) -> Observed:
    """Connections on which nothing comes."""

    def block(world: World) -> Iterator[None]:
        made = _connections(world)
        yield
        for client in made:
            client.close()

    return _beside(world, block)


def dripping(world: World) -> Observed:
    """Connections on which a byte comes now and then."""

    def block(world: World) -> Iterator[None]:
        made, done = _connections(world), threading.Event()
        request = POST % 12 + b'{"data": 10}'

        def drip() -> None:
            for index in range(len(request) - 1):
                for client in made:
                    with suppress(OSError):
                        client.sendall(request[index : index + 1])
                if done.wait(1):
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        yield
        done.set()
        thread.join()
        for client in made:
            client.close()

    return _beside(world, block)


def resetting(world: World) -> Observed:
    """Clients that begin a request, or send one, and reset the connection."""

    def block(world: World) -> Iterator[None]:
        for client in _connections(world):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(random.choice([b"POST /pre", POST % 12 + b'{"data": 10}']))  # noqa: S311 - no secret
            client.close()
        yield

    return _beside(world, block)


def not_reading(world: World) -> Observed:
    """Clients that ask for ten thousand predictions each and do not read them."""

    def block(world: World) -> Iterator[None]:
        made = _connections(world, 32)
        for client in made:
            client.sendall(POST % len(ROWS) + ROWS)
        yield
        for client in made:
            client.close()

    return _beside(world, block)


def nonsense(world: World) -> Observed:
    """Clients that send random bytes, and halves of requests."""

    def block(world: World) -> Iterator[None]:
        source = random.Random(1)  # noqa: S311 - no secret
        for client in _connections(world):
            client.sendall(source.randbytes(source.randrange(1, 2000)) + b"\r\n\r\n")
            client.close()
        yield

    return _beside(world, block)


UNNOTICED = "no failed request of the others, no worker replaced"
ALL = [
    Fault(f"{COUNT} connections are left idle", UNNOTICED, idle),
    Fault(f"{COUNT} clients send a byte a second", UNNOTICED, dripping),
    Fault(f"{COUNT} clients reset their connections, in the middle of a request or behind it", UNNOTICED, resetting),
    Fault("32 clients ask for 10,000 predictions each, and do not read them", UNNOTICED, not_reading),
    Fault(f"{COUNT} clients send random bytes", UNNOTICED, nonsense),
]
