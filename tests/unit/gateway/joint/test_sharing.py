"""Which requests share a call, and how much of it is whose."""

import pytest

from gateway import call, joint
from gateway import tf_serving_pb2 as pb
from gateway.call import Call
from gateway.joint import Joint
from gateway.model_server import Answer, ModelServer
from gateway.signature import Selector
from tests.processes import wait_until
from tests.unit.gateway.contracts import contract, of_shape
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FakeServer, info
from tests.unit.gateway.joint.lanes import LONG, UNKNOWN, VERSION, Clients, Server, under_way


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


def test_lanes_are_bounded(server: Server, clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes of versions that are gone are forgotten before there are too many."""
    monkeypatch.setattr(joint, "MAX_LANES", 2)
    server.let(5)
    for _ in range(5):
        clients.contract = of_shape()
        assert clients.ask(1.0).result(LONG) == [4.0]

    assert len(clients.joint.lanes) <= 2
