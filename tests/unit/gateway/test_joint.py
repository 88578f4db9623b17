import contextlib
import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

import grpc
import pytest

from gateway import call, joint, lane, tensors
from gateway import tf_serving_pb2 as pb
from gateway.call import Call
from gateway.contract import Batch, Contract
from gateway.errors import ModelServerError
from gateway.joint import Joint
from gateway.lane import Member
from gateway.model_server import Answer, ModelServer
from gateway.protos import from_proto, to_proto
from gateway.signature import Selector
from tests.processes import wait_until
from tests.protos import unpack
from tests.unit.gateway.contracts import contract, of_shape, parse
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FailedError, FakeServer, info, line

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


@pytest.fixture
def server(fake: FakeServer) -> Server:
    """A server that is told when to answer."""
    return Server(fake)


@pytest.fixture
def clients(fake: FakeServer, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Clients of a worker that asks for four rows at a time at most, and who have patience."""
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", LONG)
    upstream = ModelServer(fake.target, timeout_seconds=LONG)
    clients = Clients(Joint(upstream, max_rows=4), of_shape())
    yield clients
    server.end()
    clients.pool.shutdown()
    upstream.close()


def under_way(server: Server, clients: Clients, value: float = 0.0) -> "Future[list[float]]":
    """A request that the model server is about to answer."""
    before = len(server.batches)
    asked = clients.ask(value)
    wait_until(lambda: len(server.batches) > before, LONG, "the first call")
    return asked


def test_joint_call(server: Server, clients: Clients) -> None:
    """Requests that come while a call is under way share the next one."""
    first = under_way(server, clients)
    others = {value: clients.ask(value) for value in (1.0, 2.0, 3.0)}
    clients.waiting(3)
    server.let(2)

    assert first.result(LONG) == [1.0]
    assert {value: asked.result(LONG) for value, asked in others.items()} == {1.0: [4.0], 2.0: [7.0], 3.0: [10.0]}
    assert [sorted(batch) for batch in server.batches] == [[0.0], [1.0, 2.0, 3.0]]


def test_own_rows(server: Server, clients: Clients) -> None:
    """Each request gets its own rows of a joint answer, however many it has."""
    under_way(server, clients)
    three, one = clients.ask(1.0, 2.0, 3.0), clients.ask(4.0)
    clients.waiting(2)
    server.let(2)

    assert (three.result(LONG), one.result(LONG)) == ([4.0, 7.0, 10.0], [13.0])
    assert len(server.batches) == 2


def test_nobody_waits_for_others_to_come(server: Server, clients: Clients) -> None:
    """A request that finds no call under way makes one at once."""
    server.let(3)

    assert [clients.ask(value).result(LONG) for value in (1.0, 2.0, 3.0)] == [[4.0], [7.0], [10.0]]
    assert server.batches == [[1.0], [2.0], [3.0]]


def test_rows_of_a_joint_call_are_bounded(server: Server, clients: Clients) -> None:
    """A joint call has no more rows than it may have; the next one has the rest."""
    under_way(server, clients)
    for value in (1.0, 2.0, 3.0):
        clients.ask(value, value)
        clients.waiting(int(value))
    server.let(3)
    clients.pool.shutdown()

    assert [sorted(batch) for batch in server.batches] == [[0.0], [1.0, 1.0, 2.0, 2.0], [3.0, 3.0]]


def test_large_request(server: Server, clients: Clients) -> None:
    """A request with more rows than a joint call may have is asked for at once."""
    under_way(server, clients)
    clients.ask(1.0, 2.0, 3.0, 4.0, 5.0)

    wait_until(lambda: len(server.batches) == 2, LONG, "the second call")


def test_off(server: Server, clients: Clients, fake: FakeServer) -> None:
    """Where a joint call may have no rows, each request is a call of its own."""
    clients.joint = Joint(ModelServer(fake.target, timeout_seconds=LONG), max_rows=0)
    under_way(server, clients)
    clients.ask(1.0)

    wait_until(lambda: len(server.batches) == 2, LONG, "the second call")


def test_bad_value_harms_nobody_else(server: Server, clients: Clients) -> None:
    """What the server refuses in one request is no reason to refuse those that shared its call."""
    under_way(server, clients)
    good, bad, other = clients.ask(1.0), clients.ask(POISON), clients.ask(2.0)
    clients.waiting(3)
    server.let(5)

    with pytest.raises(ModelServerError) as refused:
        bad.result(LONG)
    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert (good.result(LONG), other.result(LONG)) == ([4.0], [7.0])
    assert sorted(server.batches[2:]) == [[1.0], [2.0], [POISON]]


def fail(server: Server, clients: Clients) -> None:
    """Have a joint call fail, and its requests answered."""
    under_way(server, clients)
    for value in (1.0, POISON):
        clients.ask(value)
    clients.waiting(2)
    server.let(4)
    clients.pool.shutdown()
    clients.pool = ThreadPoolExecutor(2)


def test_apart_after_a_failure(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a joint call has failed, each request is a call of its own for a while."""
    monkeypatch.setattr(lane, "APART_SECONDS", LONG)
    fail(server, clients)
    under_way(server, clients)

    under_way(server, clients)


def test_joint_again_after_a_failure(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """After that while, requests share calls again."""
    monkeypatch.setattr(lane, "APART_SECONDS", 0.0)
    fail(server, clients)
    under_way(server, clients)
    clients.ask(5.0)

    clients.waiting(1)


def test_no_time_left(server: Server, clients: Clients) -> None:
    """A request whose time is over waits for nothing, and is left out of the joint call."""
    under_way(server, clients)
    late, patient = clients.ask(1.0, seconds=-1.0), clients.ask(2.0)

    with pytest.raises(ModelServerError) as refused:
        late.result(LONG)
    assert refused.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    server.let(2)
    assert patient.result(LONG) == [7.0]
    assert server.batches == [[0.0], [2.0]]


def test_little_time_left(server: Server, clients: Clients) -> None:
    """A request waits for a call under way for half of its time at most."""
    under_way(server, clients, HANGS)
    hurried = clients.ask(1.0, seconds=2.0)
    server.let(1)

    assert hurried.result(LONG) == [4.0]


def test_deadline_within_a_joint_call(server: Server, clients: Clients) -> None:
    """A request whose time ends within a joint call leaves that to the others; it has waited for the model server."""
    of = Call()
    under_way(server, clients)
    hurried, patient = clients.ask(1.0, seconds=2.0, of=of), clients.ask(2.0)
    clients.waiting(2)
    server.let(1)
    wait_until(lambda: len(server.batches) == 2, LONG, "the joint call")

    with pytest.raises(ModelServerError) as late:
        hurried.result(LONG)
    assert late.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert 1.0 < of.server_seconds <= 3.0
    server.let(1)
    assert patient.result(LONG) == [7.0]
    assert sorted(server.batches[1]) == [1.0, 2.0]


@pytest.mark.parametrize("seconds", [(5.0, 15.0), (15.0, 5.0)])
def test_deadline_of_a_joint_call(
    server: Server, clients: Clients, fake: FakeServer, seconds: tuple[float, float]
) -> None:
    """A joint call may take the time of whoever has most left."""
    under_way(server, clients)
    for value, each in enumerate(seconds):
        clients.ask(value, seconds=each)
        clients.waiting(value + 1)
    server.let(2)
    clients.pool.shutdown()

    assert 10.0 < fake.seconds_left[-1] <= 15.0


def test_other_version_or_signature(server: Server, clients: Clients) -> None:
    """Requests for other versions, labels and signatures share no call."""
    under_way(server, clients)
    clients.ask(1.0, selector=Selector(label="canary"))
    clients.contract = of_shape()  # another version's
    under_way(server, clients)


def test_free_dimensions(server: Server, clients: Clients) -> None:
    """Requests whose rows may differ in shape share no call."""
    clients.contract = of_shape(-1)
    server.answer = lambda request: {"y": request.inputs["x"]}
    under_way(server, clients)
    under_way(server, clients)


def test_slow_call_is_not_waited_for(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that takes its time is waited for no longer than a moment."""
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", 0.1)
    under_way(server, clients)
    for value in (1.0, 2.0):
        clients.ask(value)

    wait_until(lambda: sorted(chain.from_iterable(server.batches[1:])) == [1.0, 2.0], LONG, "the others' call")


def test_hanging_call_is_in_nobodys_way(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a call that hangs, requests share calls as ever."""
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", 0.1)
    under_way(server, clients, HANGS)
    under_way(server, clients)  # beside it
    monkeypatch.setattr(lane, "PATIENCE_SECONDS", LONG)
    waiting = clients.ask(2.0)
    clients.waiting(1)
    server.let(2)

    assert waiting.result(LONG) == [7.0]


def test_answer_of_other_rows(server: Server, clients: Clients) -> None:
    """Where a joint answer has not one row an instance, each request is asked for apart."""
    server.answer = lambda request: {"y": to_proto(tensors.part(from_proto(line(request)["y"]), 0, 1))}
    under_way(server, clients)
    asked = [clients.ask(value) for value in (1.0, 2.0)]
    clients.waiting(2)
    server.let(4)

    assert [each.result(LONG) for each in asked] == [[4.0], [7.0]]


def test_uneven_rows(server: Server, clients: Clients, fake: FakeServer) -> None:
    """A request whose inputs have not equally many rows shares no call: it would shift the rows of others."""
    upstream = ModelServer(fake.target, timeout_seconds=LONG)
    uneven = contract({"x": info(pb.DT_FLOAT, -1), "z": info(pb.DT_FLOAT, -1)})
    clients.joint, clients.contract = Joint(upstream, max_rows=4), uneven
    batch = uneven.parse(uneven.inputs, b'{"x": [1, 2], "z": [1]}', "/inputs")

    def ask() -> Answer:
        return clients.joint.predict("line", VERSION, uneven, batch)

    for count in (1, 2):
        clients.pool.submit(ask)
        wait_until(lambda count=count: len(server.batches) == count, LONG, "a call each")  # type: ignore[misc]
    upstream.close()


@pytest.mark.parametrize("outputs", [info(pb.DT_FLOAT, -1, -1), pb.TensorInfo(dtype=pb.DT_FLOAT, tensor_shape=UNKNOWN)])
def test_outputs_that_cannot_be_told_apart(outputs: pb.TensorInfo) -> None:
    """A model whose outputs may have another shape beside other rows, or one that is not known, shares no call."""
    assert contract({"x": FLOAT_COLUMN}).is_joinable
    assert not contract({"x": FLOAT_COLUMN}, {"y": outputs}).is_joinable


def test_ids_are_bounded() -> None:
    """A call names as many requests as there is room for in its metadata."""
    mine = Call(metadata=(("x-request-id", "mine"),))
    others = [Call(metadata=(("x-request-id", letter * 1000), ("traceparent", "x"))) for letter in "abc"]
    call.begin(mine)
    try:
        with call.on_behalf_of(others):
            assert [value[0] for _, value in call.current().metadata] == ["m", "a", "b"]
    finally:
        call.begin(None)


def test_a_call_without_time_is_no_reason_to_ask_apart(server: Server, clients: Clients) -> None:
    """That requests in a hurry got no answer in time says nothing of others."""
    under_way(server, clients)
    hurried = [clients.ask(value, seconds=1.0) for value in (1.0, 2.0)]
    clients.waiting(2)
    server.let(1)
    wait_until(lambda: all(each.done() for each in hurried), LONG, "the end of their time")
    server.let(1)
    under_way(server, clients, HANGS)
    clients.ask(3.0)

    clients.waiting(1)


def test_metadata(server: Server, clients: Clients, fake: FakeServer) -> None:
    """A joint call names all its requests, and the trace of the one that makes it."""
    calls = [Call(metadata=(("x-request-id", name), ("traceparent", f"of-{name}"))) for name in "ab"]
    under_way(server, clients)
    for number, of in enumerate(calls):
        clients.ask(1.0, of=of, seconds=LONG - number)
        clients.waiting(number + 1)
    server.let(2)
    clients.pool.shutdown()

    sent = fake.metadata_sent[-1]
    assert sorted(value for key, value in sent if key == "x-request-id") == ["a", "b"]
    assert [value for key, value in sent if key == "traceparent"] == ["of-a"]
    assert [of.metadata[0][1] for of in calls] == ["a", "b"]


def test_server_seconds(server: Server, clients: Clients) -> None:
    """The time of a joint call counts as the model server's for every request in it."""
    calls = [Call(), Call()]
    under_way(server, clients)
    for of in calls:
        clients.ask(1.0, of=of)
    clients.waiting(2)
    server.let(1)
    wait_until(lambda: len(server.batches) == 2, LONG, "the joint call")
    server.let(1)
    clients.pool.shutdown()

    assert min(of.server_seconds for of in calls) > 0


def test_lanes_are_bounded(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes of versions that are gone are forgotten before there are too many."""
    monkeypatch.setattr(joint, "MAX_LANES", 2)
    server.let(5)
    for _ in range(5):
        clients.contract = of_shape()
        assert clients.ask(1.0).result(LONG) == [4.0]

    assert len(clients.joint.lanes) <= 2


def test_failure_keeps_nothing() -> None:
    """A request that could not be asked for is gone with its answer, without Python looking for garbage."""

    class Marked:
        """Stands for what a request has brought."""

    def fail() -> None:
        marked = Marked()
        seen.append(weakref.ref(marked))
        member = Member(Batch({}, 1, "/data"), Call(deadline=0.0), lambda _: Answer(1, {}))
        member.failure = ModelServerError(grpc.StatusCode.DEADLINE_EXCEEDED, "late")
        member.answer()

    seen = list[weakref.ref[Marked]]()
    gc.disable()
    try:
        with contextlib.suppress(ModelServerError):
            fail()
        assert seen[0]() is None
    finally:
        gc.enable()
