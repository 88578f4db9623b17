"""A model server that answers when it is told to, and requests that share its calls."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import grpc

from gateway import call, tensors
from gateway import tf_serving_pb2 as pb
from gateway.call import Call
from gateway.contract import Contract
from gateway.joint import Joint
from gateway.signature import Selector
from tests.processes import wait_until
from tests.protos import unpack
from tests.unit.gateway.contracts import parse
from tests.unit.gateway.fake_server import FailedError, FakeServer, line

VERSION = Selector(version=1)
UNKNOWN = pb.TensorShapeProto(unknown_rank=True)
LONG = 20.0
POISON, HANGS = 13.0, 99.0  # values that the server refuses, and that it does not answer


class Server:
    """A fake model server that takes one call after another, each when it is told to.

    Attributes:
        batches: The values of each call so far.
        answer: Makes the answers.
    """

    def __init__(self, fake: FakeServer) -> None:
        self.fake = fake
        self.batches: list[list[float]] = []
        self._goes_on = threading.Semaphore(0)
        self._end = threading.Event()
        self.answer: Callable[[pb.PredictRequest], Mapping[str, pb.TensorProto]] = line
        fake.answer = self._answer

    def _answer(self, request: pb.PredictRequest) -> Mapping[str, pb.TensorProto]:
        values, _ = unpack(request.inputs["x"])
        self.batches.append(values)
        assert self._end.wait(LONG) if HANGS in values else self._goes_on.acquire(timeout=LONG)
        if POISON in values:
            raise FailedError(grpc.StatusCode.INVALID_ARGUMENT)
        return self.answer(request)

    def let(self, count: int) -> None:
        """Let so many calls be answered."""
        self._goes_on.release(count)

    def end(self) -> None:
        """Let all calls be answered."""
        self._end.set()
        self.let(100)


class Clients:
    """Requests, each in a thread of its own."""

    def __init__(self, joint: Joint, contract: Contract) -> None:
        self.joint = joint
        self.contract = contract
        self.pool = ThreadPoolExecutor(16)

    def ask(
        self, *values: float, seconds: float = LONG, of: Call | None = None, selector: Selector = VERSION
    ) -> "Future[list[float]]":
        """Ask for the predictions for some values."""
        of = of or Call()
        of.deadline = time.monotonic() + seconds

        def run() -> list[float]:
            call.begin(of)
            batch = parse(self.contract, str([*values]))
            return tensors.unpack(self.joint.predict("line", selector, self.contract, batch).outputs["y"])[0]

        return self.pool.submit(run)

    def waiting(self, count: int) -> None:
        """Wait until so many wait for the next call."""
        wait_until(
            lambda: sum(len(lane.waiting) for lane in self.joint.lanes.values()) == count, LONG, "those that wait"
        )


def under_way(server: Server, clients: Clients, value: float = 0.0) -> "Future[list[float]]":
    """A request that the model server is about to answer."""
    before = len(server.batches)
    asked = clients.ask(value)
    wait_until(lambda: len(server.batches) > before, LONG, "the first call")
    return asked


def fail(server: Server, clients: Clients) -> None:
    """Have a joint call fail, and its requests answered."""
    under_way(server, clients)
    for value in (1.0, POISON):
        clients.ask(value)
    clients.waiting(2)
    server.let(4)
    clients.pool.shutdown()
    clients.pool = ThreadPoolExecutor(2)
