"""gRPC servers that answer their own names, for tests of a channel that has several."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

METHOD = "/tests.Answering/Answer"
Call = Callable[..., bytes]


@dataclass
class Answering:
    """A server.

    Attributes:
        address: Its name: host and port.
        grpc_server: The server itself, to be stopped.
        asked: How many calls it got.
        before: What it does before it answers; it may end the call.
        checks: Its health service, if it has one.
    """

    address: str
    grpc_server: grpc.Server
    asked: int = 0
    before: Callable[[grpc.ServicerContext], None] = field(default=lambda _: None)
    checks: health.HealthServicer | None = None

    def say(self, *, healthy: bool) -> None:
        """Tell clients whether it can serve."""
        status = health_pb2.HealthCheckResponse
        assert self.checks is not None
        self.checks.set("", status.SERVING if healthy else status.NOT_SERVING)

    def answer(self, _request: bytes, context: grpc.ServicerContext) -> bytes:
        """Answer a call."""
        self.asked += 1
        self.before(context)
        return self.address.encode()


@contextmanager
def answering(
    address: str = "127.0.0.1:0", *, checked: bool = False, options: Sequence[tuple[str, int]] = ()
) -> Iterator[Answering]:
    """Run a server until the block ends, or it is stopped.

    Args:
        address: Where it listens.
        checked: Whether it has a health service.
        options: Of gRPC's.
    """
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0), *options])
    made = Answering(address, server)
    handler: Any = grpc.unary_unary_rpc_method_handler(made.answer)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("tests.Answering", {"Answer": handler})])
    if checked:
        # Its other way, without threads of its own, may block the server for good when a client that watches is gone.
        watching = ThreadPoolExecutor(16)
        made.checks = health.HealthServicer(experimental_non_blocking=False, experimental_thread_pool=watching)
        health_pb2_grpc.add_HealthServicer_to_server(made.checks, server)
        made.say(healthy=True)
    made.address = f"{address.rpartition(':')[0]}:{server.add_insecure_port(address)}"
    server.start()
    try:
        yield made
    finally:
        server.stop(None).wait()


@contextmanager
def calling(target: str, options: Sequence[tuple[str, str | int]]) -> Iterator[Call]:
    """Open a channel until the block ends.

    Args:
        target: A gRPC target.
        options: The channel's.

    Yields:
        What calls the servers: it takes the request and the timeout, and returns who answered.
    """
    with grpc.insecure_channel(target, options=options) as channel:
        call: Call = channel.unary_unary(METHOD)
        yield call


def who(call: Call, *, times: int = 12) -> Counter[str]:
    """Call several times; tells who answered how often. A call that fails raises."""
    return Counter(call(b"", timeout=20).decode() for _ in range(times))
