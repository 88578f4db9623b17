"""The channel to the model server, in front of real gRPC servers and a real name server."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import grpc
import pytest

from gateway.channel import channel_options
from tests.processes import free_port, wait_until
from tests.unit.gateway.answering import Answering, Call, answering, calling, who
from tests.unit.gateway.name_server import NameServer, naming

WAIT_SECONDS = 30
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
NO_LOOPBACK_NET = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8 on loopback")


@contextmanager
def several(number: int, *, checked: bool = False) -> Iterator[tuple[list[Answering], Call]]:
    """So many servers, and what calls them; at first all of them answer."""
    with ExitStack() as exits:
        servers = [exits.enter_context(answering(checked=checked)) for _ in range(number)]
        target = "ipv4:" + ",".join(server.address for server in servers)
        call = exits.enter_context(calling(target, channel_options(5.0)))
        wait_until(lambda: who(call).keys() == {s.address for s in servers}, WAIT_SECONDS, "all servers")
        for server in servers:
            server.asked = 0
        yield servers, call


def fail_with(code: grpc.StatusCode) -> Callable[[grpc.ServicerContext], None]:
    """What ends a call."""
    return lambda context: context.abort(code, "as the test says")


def test_servers_share_the_calls_equally() -> None:
    """Each of three gets a third."""
    with several(3) as (servers, call):
        assert sorted(who(call, times=30).values()) == [10, 10, 10]
        assert [server.asked for server in servers] == [10, 10, 10]


def test_a_server_that_ends_loses_no_call_and_is_used_again_when_it_is_back() -> None:
    """Calls go to the others at once, and to it again without anything being restarted."""
    with several(3) as (servers, call):
        gone = servers[0]
        gone.grpc_server.stop(None).wait()
        assert who(call, times=30).keys() == {server.address for server in servers[1:]}
        with answering(gone.address):
            wait_until(lambda: gone.address in who(call), WAIT_SECONDS, "the server that is back")


def test_unavailable_is_retried_on_another_server() -> None:
    """A server that cannot answer costs no call, though it is asked."""
    with several(2) as (servers, call):
        servers[0].before = fail_with(grpc.StatusCode.UNAVAILABLE)
        assert who(call, times=20) == {servers[1].address: 20}
        assert servers[0].asked > 0


def test_three_attempts_are_made_at_most() -> None:
    """Then the client is told."""
    with several(1) as (servers, call):
        servers[0].before = fail_with(grpc.StatusCode.UNAVAILABLE)
        with pytest.raises(grpc.RpcError) as failed:
            call(b"", timeout=20)
        assert (failed.value.code(), servers[0].asked) == (grpc.StatusCode.UNAVAILABLE, 3)


@pytest.mark.parametrize(
    "code", [code for code in grpc.StatusCode if code not in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE)]
)
def test_no_other_status_is_retried(two: tuple[list[Answering], Call], code: grpc.StatusCode) -> None:
    """The server has looked at the call then: to make it again would be to make it twice."""
    servers, call = two
    for server in servers:
        server.asked, server.before = 0, fail_with(code)
    with pytest.raises(grpc.RpcError) as failed:
        call(b"", timeout=20)
    assert (failed.value.code(), sum(server.asked for server in servers)) == (code, 1)


@pytest.fixture(scope="module")
def two() -> Iterator[tuple[list[Answering], Call]]:
    """Two servers, and what calls them."""
    with several(2) as made:
        yield made


def test_nothing_is_retried_once_an_answer_has_begun(two: tuple[list[Answering], Call]) -> None:
    """Also where it then ends with UNAVAILABLE."""
    servers, call = two

    def begin_and_fail(context: grpc.ServicerContext) -> None:
        context.send_initial_metadata((("begun", "yes"),))
        context.abort(grpc.StatusCode.UNAVAILABLE, "in the middle")

    for server in servers:
        server.asked, server.before = 0, begin_and_fail
    with pytest.raises(grpc.RpcError) as failed:
        call(b"", timeout=20)
    assert (failed.value.code(), sum(server.asked for server in servers)) == (grpc.StatusCode.UNAVAILABLE, 1)


def test_a_server_that_says_that_it_cannot_serve_gets_no_calls() -> None:
    """From when it has said so until it says otherwise; it need not refuse any."""
    with several(2, checked=True) as (servers, call):
        servers[0].say(healthy=False)
        wait_until(lambda: who(call).keys() == {servers[1].address}, WAIT_SECONDS, "calls to go to the other one")
        assert who(call, times=20) == {servers[1].address: 20}
        servers[0].say(healthy=True)
        wait_until(lambda: servers[0].address in who(call), WAIT_SECONDS, "calls to come back")


def test_where_none_can_serve_calls_fail_at_once() -> None:
    """A call does not wait for its deadline."""
    with several(2, checked=True) as (servers, call):
        for server in servers:
            server.say(healthy=False)

        def is_refused() -> bool:
            try:
                call(b"", timeout=1000)
            except grpc.RpcError as error:
                return error.code() is grpc.StatusCode.UNAVAILABLE
            return False

        wait_until(is_refused, WAIT_SECONDS, "calls to be refused")


@contextmanager
def named(*, age_ms: int = 2**31 - 1) -> Iterator[tuple[list[Answering], NameServer, Call]]:
    """Three servers at one port, of which a name server names the first two, and what calls them by the name."""
    port = free_port()
    with ExitStack() as exits:
        options = [("grpc.max_connection_age_ms", age_ms)]
        servers = [exits.enter_context(answering(f"{host}:{port}", options=options)) for host in HOSTS]
        names = exits.enter_context(naming(*HOSTS[:2]))
        call = exits.enter_context(calling(f"dns://127.0.0.1:{names.port}/models.test:{port}", channel_options(5.0)))
        wait_until(lambda: len(who(call)) == 2, WAIT_SECONDS, "both servers")
        yield servers, names, call


@NO_LOOPBACK_NET
def test_a_name_stands_for_all_of_its_addresses() -> None:
    """They share the calls; when one ends, the name is looked up, and an address that has come takes its place."""
    with named() as (servers, names, call):
        first, second, third = (server.address for server in servers)
        assert who(call, times=20) == {first: 10, second: 10}
        names.addresses = HOSTS[1:]
        servers[0].grpc_server.stop(None).wait()
        wait_until(lambda: who(call).keys() == {second, third}, WAIT_SECONDS, "the address that has come")
        with answering(first):  # but no longer behind the name
            assert who(call, times=20) == {second: 10, third: 10}


@NO_LOOPBACK_NET
def test_an_address_that_comes_is_found_when_servers_end_old_connections() -> None:
    """As TensorFlow Serving does with `--grpc_channel_arguments=grpc.max_connection_age_ms=…`; no call is lost."""
    with named(age_ms=500) as (servers, names, call):
        names.addresses = HOSTS
        wait_until(lambda: len(who(call)) == len(servers), WAIT_SECONDS, "the address that has come")
        names.addresses = HOSTS[1:]

        def is_left_alone() -> bool:  # and not for the moment only in which a connection to it is made anew
            return not any(servers[0].address in who(call) for _ in range(10))

        wait_until(is_left_alone, WAIT_SECONDS, "the address that has gone to be left alone")


@pytest.mark.parametrize(
    ("timeout_seconds", "ping_ms", "silence_ms"),
    [(0.1, 1000, 1000), (5, 2000, 1500), (60, 24_000, 5000), (600, 240_000, 5000)],
)
def test_a_silent_server_is_given_up_within_the_time_of_a_request(
    timeout_seconds: float, ping_ms: int, silence_ms: int
) -> None:
    """But for the shortest times; and never are there three pings in it, for which a server would hang up."""
    options = dict(channel_options(timeout_seconds))
    assert options["grpc.keepalive_time_ms"] == ping_ms
    assert options["grpc.keepalive_timeout_ms"] == options["grpc.http2.ping_timeout_ms"] == silence_ms
    assert ping_ms + silence_ms < 1000 * timeout_seconds or timeout_seconds < 3
    assert 3 * ping_ms > 1000 * timeout_seconds
