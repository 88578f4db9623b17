"""Where a request ends, however its bytes come."""

import pytest

from gateway.worker.arrival import CHUNK_OVERHEAD, MAX_SIZE_LINE, Arrival

MAX_BODY = 1000
MAX_HEAD = 300
NEXT = b"GET /livez HTTP/1.1\r\n\r\n"
POST = b"POST /predict HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"transfer-encoding:chunked\r\n\r\n"
WHOLE = [
    NEXT,
    POST + b"Content-Length: 12\r\n\r\n" + b'{"data": 10}',
    POST + b"CONTENT-LENGTH:0\r\n\r\n",
    CHUNKED + b'6\r\n{"data\r\n6;x=y\r\n": 10}\r\n0\r\n\r\n',
    CHUNKED + b'C\r\n{"data": 10}\r\n0\r\nTrailer: 1\r\nAnother: 2\r\n\r\n',
    CHUNKED + b"0\r\n\r\n",
]


def arrival(received: bytes = b"") -> Arrival:
    """An arrival with small limits."""
    return Arrival(received, max_head_bytes=MAX_HEAD, max_body_bytes=MAX_BODY)


@pytest.mark.parametrize("request_", WHOLE)
def test_a_request_is_ready_with_its_last_byte(request_: bytes) -> None:
    """Byte by byte, nothing is ready until the whole request is there."""
    arriving = arrival()
    for index in range(len(request_)):
        assert not arriving.ready
        arriving.add(request_[index : index + 1])
    assert (arriving.ready, arriving.whole) == (True, True)
    assert bytes(arriving.received) == request_


@pytest.mark.parametrize("request_", WHOLE)
def test_what_comes_behind_a_request_is_kept(request_: bytes) -> None:
    """A request is found in one piece with the next, which is not lost."""
    arriving = arrival(request_ + NEXT)
    assert arriving.whole
    assert bytes(arriving.received) == request_ + NEXT


@pytest.mark.parametrize(
    "request_",
    [
        b"x" * (MAX_HEAD + 1),
        POST + b"Content-Length: 1001\r\n\r\n",
        POST + b"Content-Length: +1\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        POST + b"Transfer-Encoding: gzip\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        CHUNKED + b"3E9\r\n",
        CHUNKED + b"x\r\n",
        CHUNKED + b"-1\r\n",
        CHUNKED + b"1" * MAX_SIZE_LINE,
        CHUNKED + b"0\r\n" + b"x" * (MAX_HEAD + 1),
        CHUNKED + (b"1;" + b"x" * 100 + b"\r\ny\r\n") * CHUNK_OVERHEAD * 10,
    ],
)
def test_what_is_to_be_refused_is_not_waited_for(request_: bytes) -> None:
    """A request that is too large, or that does not say where it ends, is handed on, and known not to be whole."""
    arriving = arrival(request_)
    assert (arriving.ready, arriving.whole) == (True, False)


def test_a_body_in_crumbs_is_refused() -> None:
    """Chunks cost time to parse, however small they are; as many as half a kilobyte makes are always taken."""
    large = {"max_head_bytes": MAX_HEAD, "max_body_bytes": 2**20}
    crumbs = Arrival(CHUNKED + b"1\r\nx\r\n" * 1_100, **large)
    assert (crumbs.ready, crumbs.too_large) == (True, True)
    pieces = Arrival(CHUNKED + (b"200\r\n" + b"x" * 512 + b"\r\n") * 2_000 + b"0\r\n\r\n", **large)
    assert (pieces.ready, pieces.whole, pieces.too_large) == (True, True, False)


@pytest.mark.parametrize(("sent", "endless"), [(b"x" * (MAX_HEAD + 1), True), (b"x" * MAX_HEAD, False), (NEXT, False)])
def test_a_head_that_does_not_end_is_told_from_others(sent: bytes, endless: bool) -> None:  # noqa: FBT001
    """The parser would wait for the end of it."""
    assert arrival(sent).endless is endless


@pytest.mark.parametrize(
    ("head", "owes"),
    [
        (POST + b"Expect: 100-continue\r\nContent-Length: 12\r\n\r\n", True),
        (POST + b"Content-Length: 12\r\n\r\n", False),
        (POST + b"Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n", False),
    ],
)
def test_a_client_that_waits_to_be_told_to_go_on_is_noticed(head: bytes, owes: bool) -> None:  # noqa: FBT001
    """`Expect: 100-continue` is for the worker to answer, unless the body would be refused anyway."""
    assert arrival(head).owes_continue is owes
