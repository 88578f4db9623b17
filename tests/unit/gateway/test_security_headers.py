"""What every answer says to a browser, and what none says to anybody."""

import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway import tf_serving_pb2 as pb
from gateway.errors import HTTP_STATUS
from tests.processes import free_port, running, wait_until
from tests.unit.gateway.cards import NOT_GOLDEN
from tests.unit.gateway.fake_server import FailedError, FakeServer, Served

pytestmark = pytest.mark.both_ways

PAGES = ["/", "/docs", "/redoc"]
ASSETS = ["/docs/assets/redoc.js", "/docs/assets/swagger_bundle.js", "/docs/assets/swagger_style.css"]
ALL = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
ASKED: list[tuple[str, str, bytes]] = [
    ("GET", "/livez", b""),
    ("GET", "/readyz", b""),
    ("GET", "/metrics", b""),
    ("GET", "/openapi.json", b""),
    ("GET", "/nothing", b""),
    ("PUT", "/predict", b""),
    ("POST", "/predict", b'{"data": [10]}'),
    ("POST", "/predict", b'{"data": ["ten"]}'),
    ("POST", "/predict", b'{"data": [' + b"1," * 1000 + b"1]}"),
    ("GET", "/v1/models/line", b""),
    ("GET", "/v1/models/line/metadata", b""),
    ("POST", "/v1/models/line:predict", b'{"instances": [[10]]}'),
    ("POST", "/v1/models/line/versions/1:predict", b'{"instances": [[10]]}'),
    ("POST", "/v1/models/line/labels/stable:predict", b'{"instances": [[10]]}'),
    ("POST", "/v1/models/none:predict", b"{}"),
    ("GET", "/v2/health/ready", b""),
    ("GET", "/v2/models/line", b""),
    ("GET", "/v2/models/line/ready", b""),
    (
        "POST",
        "/v2/models/line/infer",
        b'{"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [10]}]}',
    ),
]


def ask_all(client: FlaskClient) -> list[TestResponse]:
    """One answer of each kind."""
    return [client.open(path, method=method, data=body) for method, path, body in ASKED]


def policy(answer: TestResponse) -> dict[str, str]:
    """The directives of an answer's Content-Security-Policy."""
    found = [part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";")]
    assert len({name for name, _, _ in found}) == len(found)  # a second one of a name would mean nothing
    return {name: value for name, _, value in found}


def test_every_answer_is_taken_for_what_it_is_and_kept_by_nobody(client: FlaskClient) -> None:
    """Predictions, documents and refusals alike: no guessing of types, no copies, no use by other sites' pages."""
    answers = ask_all(client)
    assert {answer.status_code for answer in answers} >= {200, 404, 405, 413, 422}
    for answer in answers:
        told = {name: answer.headers[name] for name in ALL}
        assert (told, answer.headers["Cache-Control"]) == (ALL, "no-store"), answer.request
        assert policy(answer) == {"default-src": "'none'", "frame-ancestors": "'none'"}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_framed_by_nobody_and_asks_for_nothing(client: FlaskClient, path: str) -> None:
    """A page loads its own files alone, is shown in no frame, shares no window with other sites, and has no sensors."""
    answer = client.get(path)
    assert {name: answer.headers[name] for name in ALL} == ALL
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    found = policy(answer)
    assert found["default-src"] == found["form-action"] == "'self'"
    assert found["frame-ancestors"] == found["object-src"] == found["base-uri"] == "'none'"
    permissions = answer.headers["Permissions-Policy"].split(", ")
    assert {"camera=()", "geolocation=()", "microphone=()"} <= set(permissions)
    assert all(re.fullmatch(r"[a-z-]+=\(\)", permission) for permission in permissions)


@pytest.mark.parametrize("path", ["/livez", "/nothing", *PAGES])
def test_no_answer_has_a_header_that_browsers_have_given_up(client: FlaskClient, path: str) -> None:
    """What no browser reads any more, or what is worse than nothing, is left out."""
    obsolete = {"X-XSS-Protection", "Expect-CT", "Feature-Policy", "Public-Key-Pins", "Pragma", "X-Powered-By"}
    assert not obsolete & set(client.get(path).headers.keys())


@pytest.mark.parametrize("path", [*ASSETS, "/static/page.js"])
def test_files_may_be_kept(client: FlaskClient, path: str) -> None:
    """What is the same for everybody keeps its own word on how long it lasts."""
    with client.get(path) as answer:
        assert "no-store" not in answer.headers["Cache-Control"]
        assert {name: answer.headers[name] for name in ALL} == ALL


# No answer, whatever goes wrong, tells where the model server is, what it said, or how the gateway is made.

HERE = [str(Path(__file__).parents[3]), sys.prefix]
PLACES = ["127.0.0.1", "10.0.0.7", "ipv4:", "/srv/secret", "site-packages", *HERE]
CODE = ["MatMul", "Traceback", ".py", "_ssl.c", "Error("]
INTERNAL = re.compile("|".join(map(re.escape, PLACES + CODE)))
TOLD = "node {{dense/MatMul}} at 10.0.0.7, /srv/secret/model.py"


def leaks(answer: TestResponse) -> list[str]:
    """What of an answer nobody should know."""
    everything = "\n".join([answer.status, *(f"{name}: {value}" for name, value in answer.headers), answer.text])
    return INTERNAL.findall(everything)


def fail_as(code: grpc.StatusCode, *methods: str) -> Callable[[FakeServer, Flask], None]:
    """Let calls of the model server fail with words that name its insides."""

    def arrange(fake: FakeServer, _app: Flask) -> None:
        fake.failing_methods, fake.failure = methods, FailedError(code, TOLD)

    return arrange


def answer_with(*outputs: pb.TensorProto) -> Callable[[FakeServer, Flask], None]:
    """Let the model server answer with what it should not."""

    def arrange(fake: FakeServer, _app: Flask) -> None:
        fake.answer = lambda _request: {str(place): output for place, output in enumerate(outputs)}

    return arrange


def with_card(card: bytes) -> Callable[[FakeServer, Flask], None]:
    """Let the model server have a card that it should not have."""

    def arrange(fake: FakeServer, _app: Flask) -> None:
        fake.card = card

    return arrange


def fail_within(fake: FakeServer, app: Flask) -> None:
    """Let every view fail, as a fault of our own would."""
    del fake

    def view(**_: object) -> str:
        raise ZeroDivisionError(TOLD)

    for endpoint in app.view_functions:
        app.view_functions[endpoint] = view


def fail_while_loading(fake: FakeServer, _app: Flask) -> None:
    """Let no version be available, and the state say why."""
    fake.state = pb.ModelVersionStatus.END
    fake.others = [Served(model="line", version=2, state=pb.ModelVersionStatus.LOADING)]


# What goes wrong, and the status that some answer has to have, so that it really does.
ARRANGED: dict[int | str, tuple[Callable[[FakeServer, Flask], None], int]] = {
    **{status: (fail_as(code), status) for code, status in HTTP_STATUS.items()},  # one code of each
    "only predictions": (fail_as(grpc.StatusCode.INTERNAL, "predict"), 502),
    "only metadata": (fail_as(grpc.StatusCode.UNKNOWN, "get_model_metadata"), 502),
    "only states": (fail_as(grpc.StatusCode.UNAVAILABLE, "get_model_status"), 503),
    "no outputs": (answer_with(), 502),
    "outputs of no shape": (answer_with(pb.TensorProto(dtype=pb.DT_FLOAT, tensor_content=b"123")), 502),
    "a card that is none": (with_card(b"{/srv/secret/model.py"), 200),
    "a card that it does not reproduce": (with_card(NOT_GOLDEN), 503),
    "a fault of our own": (fail_within, 500),
    "not loaded": (fail_while_loading, 404),
}


@pytest.mark.parametrize(("arrange", "status"), ARRANGED.values(), ids=map(str, ARRANGED))
def test_no_answer_tells_of_the_insides(
    client: FlaskClient, app: Flask, fake: FakeServer, arrange: Callable[[FakeServer, Flask], None], status: int
) -> None:
    """Whatever fails behind the gateway or within it, no body and no header names an address, a file or a line."""
    arrange(fake, app)
    answers = ask_all(client)
    assert status in {answer.status_code for answer in answers if re.search("line|predict", answer.request.path)}
    assert [(answer.request.path, leaks(answer)) for answer in answers if leaks(answer)] == []


def test_without_a_model_server_no_answer_tells_where_it_should_be(app: Flask, fake: FakeServer) -> None:
    """What gRPC says of an address that nobody listens at stays inside."""
    del fake
    app.extensions["model_server"]._target = f"127.0.0.1:{free_port()}"
    answers = ask_all(app.test_client())
    assert {503} < {answer.status_code for answer in answers}
    assert [(answer.request.path, leaks(answer)) for answer in answers if leaks(answer)] == []


ODD: Sequence[bytes] = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-A: b\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"b" * 9000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: ten\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: a\r\nExpect: the worst\r\nContent-Length: 1\r\n\r\n1",
    b"GET /%00%ff<script>alert(1)</script> HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n\r\n",
]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a gateway under gunicorn, without a model server."""
    folder, port = tmp_path_factory.mktemp("gateway"), free_port()
    env = {"PORT": str(port), "MODEL_SERVER": f"127.0.0.1:{free_port()}", "WORKERS": "1", "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "gunicorn", "-c", "gateway/gunicorn_config.py"]

    def listens() -> bool:
        process.check()
        try:
            return b"200" in exchange(port, b"GET /livez HTTP/1.0\r\n\r\n")
        except OSError:
            return False

    with running(command, log_file=folder / "log", env=env) as process:
        wait_until(listens, 30, "the gateway")
        yield port


def exchange(port: int, sent: bytes) -> bytes:
    """All that comes back on a connection of its own, whose sending half is closed."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize("sent", ODD, ids=lambda sent: sent[:24].decode("latin-1").encode("unicode_escape").decode())
def test_what_is_no_request_is_refused_without_a_word_of_the_insides(port: int, sent: bytes) -> None:
    """What does not even reach the application is refused by the web server, just as tight-lipped."""
    answer = exchange(port, sent).decode("latin-1")
    assert re.match(r"HTTP/1\.[01] [2345]\d\d ", answer), answer
    assert INTERNAL.findall(answer) == []
    assert "<script>" not in answer
