"""The model servers, as a release asks them: which there are, and how long one may be busy."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from src import tf_serving_pb2 as pb
from src.errors import ReleaseError, UnreachableError
from src.release import servers
from src.release.fleet import Fleet
from src.release.servers import Server, Status, addresses, connected


@contextmanager
def serving(answer: Callable[[grpc.ServicerContext], pb.GetModelStatusResponse]) -> Iterator[str]:
    """A server whose status of any model is what a test says."""
    server = grpc.server(ThreadPoolExecutor(2))
    handler = grpc.unary_unary_rpc_method_handler(
        lambda _request, context: answer(context),
        request_deserializer=pb.GetModelStatusRequest.FromString,
        response_serializer=pb.GetModelStatusResponse.SerializeToString,
    )
    service = "tensorflow.serving.ModelService"
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, {"GetModelStatus": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def available(_context: grpc.ServicerContext) -> pb.GetModelStatusResponse:
    """Version 3 can answer."""
    status = pb.ModelVersionStatus(version=3, state=pb.ModelVersionStatus.AVAILABLE)
    return pb.GetModelStatusResponse(model_version_status=[status])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("127.0.0.1:8500", ["127.0.0.1:8500"]),
        ("dns:///127.0.0.1:8500", ["127.0.0.1:8500"]),
        ("[::1]:8500", ["[::1]:8500"]),
        ("ipv4:10.0.0.7:8500,10.0.0.8:8501", ["ipv4:10.0.0.7:8500", "ipv4:10.0.0.8:8501"]),
        ("ipv6:[::1]:8500", ["ipv6:[::1]:8500"]),
        ("unix:/run/serving.sock", ["unix:/run/serving.sock"]),
        ("unix-abstract:serving", ["unix-abstract:serving"]),
    ],
)
def test_each_server_behind_a_target_is_found(target: str, expected: list[str]) -> None:
    """Targets are those that the gateway takes."""
    assert addresses(target) == expected


def test_all_addresses_of_a_name_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, of both families."""
    found = [("10.0.0.7", 8500), ("10.0.0.8", 8500), ("10.0.0.7", 8500), ("fd00::7", 8500, 0, 0)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_names, **_kinds: [(0, 0, 0, "", each) for each in found])
    assert addresses("dns:///tf-serving:8500") == ["10.0.0.7:8500", "10.0.0.8:8500", "[fd00::7]:8500"]


@pytest.mark.parametrize("target", ["no.such.host.invalid:8500", "127.0.0.1", "127.0.0.1:x", ""])
def test_a_target_without_a_server_is_told(target: str) -> None:
    """A name that is not known, or a target that is none, is in the message."""
    with pytest.raises(UnreachableError, match=r"^no model server answers at "), connected(target):
        pass


def test_who_answers_is_told_from_who_is_away() -> None:
    """One server is enough; the others are named."""
    with serving(available) as target, connected(f"ipv4:127.0.0.1:1,{target}") as (found, away):
        assert [server.address for server in found] == [f"ipv4:{target}"]
        assert away == ["ipv4:127.0.0.1:1"]
        assert found[0].states("line") == {3: Status("AVAILABLE")}


def test_a_busy_server_is_asked_again() -> None:
    """TensorFlow Serving fails calls beyond its threads; that is no answer to what was asked."""
    asked = []

    def busy(context: grpc.ServicerContext) -> Any:
        asked.append(1)
        if len(asked) < 4:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Server Threadpool Exhausted")
        return available(context)

    with serving(busy) as target, connected(target) as (found, _):
        assert found[0].states("line") == {3: Status("AVAILABLE")}


def test_a_server_that_stays_busy_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that a call may take, it counts as away."""
    monkeypatch.setattr(servers, "CALL_SECONDS", 0.2)

    def busy(context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Server Threadpool Exhausted")

    with serving(busy) as target, pytest.raises(UnreachableError, match="no model server answers"), connected(target):
        pass


def test_what_a_server_answers_with_is_told() -> None:
    """An error other than being away names the server, its code and its words."""

    def failing(context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.INTERNAL, "out of\n order")

    expected = r"^the model server 127.0.0.1:\d+ answers INTERNAL: out of order$"
    with serving(failing) as target, pytest.raises(ReleaseError, match=expected), connected(target):
        pass


def test_a_server_that_does_not_come_back_is_told_in_time() -> None:
    """It is asked until the time is over, and then named."""
    with grpc.insecure_channel("127.0.0.1:1") as channel:
        fleet = Fleet([Server("10.0.0.7:8500", channel)], 0.2)
        with pytest.raises(UnreachableError, match=r"^the model server 10.0.0.7:8500 does not answer$"):
            fleet.has("line", 3)
