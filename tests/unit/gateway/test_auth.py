"""API keys: who gets in, what the others are told, and how the file of keys is followed."""

import base64
import hmac
import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from gateway import auth, create_app, key_file
from gateway.config import ConfigError, Settings
from tests.processes import free_port
from tests.unit.gateway.answers import document
from tests.unit.gateway.fake_server import FakeServer

pytestmark = pytest.mark.both_ways

JOBS, PEOPLE = "key-of-the-jobs", "key-of-the-people"
HEALTH = ["/livez", "/readyz", "/v2/health/live", "/v2/health/ready"]
BODY = {"data": [10]}


def hashed(key: str) -> str:
    """A key's hash, as a line has it."""
    return sha256(key.encode()).hexdigest()


GOOD = f"# who may ask\n\njobs {hashed(JOBS)}\n  people\t{hashed(PEOPLE).upper()}  # all of them\r\n"


def bearer(key: str) -> dict[str, str]:
    """The headers that give a key as RFC 6750 has it."""
    return {"Authorization": f"Bearer {key}"}


def basic(key: str, user: str = "anybody") -> dict[str, str]:
    """The headers that give a key as a browser gives a password."""
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{key}'.encode()).decode()}"}


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    """A file of two keys."""
    file = tmp_path / "keys.txt"
    file.write_text(GOOD)
    return file


@pytest.fixture
def app(fake: FakeServer, keys_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with keys, which looks at their file at each request."""
    monkeypatch.setattr(key_file, "LOOK_SECONDS", 0.0)
    app = create_app(Settings(model_server=fake.target, api_keys_file=str(keys_file), timeout_seconds=2))
    yield app
    app.extensions["model_server"].close()


def predict(client: FlaskClient, headers: dict[str, str] | None = None) -> TestResponse:
    """POST /predict."""
    return client.post("/predict", json=BODY, headers=headers)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The causes in the log's errors."""
    return [record.__dict__["cause"] for record in caplog.records if record.levelname == "ERROR"]


def test_without_the_option_everybody_gets_in(fake: FakeServer) -> None:
    """Keys are asked for only where a file names them."""
    app = create_app(Settings(model_server=fake.target))
    assert predict(app.test_client()).status_code == 200
    app.extensions["model_server"].close()


@pytest.mark.parametrize(
    "headers",
    [
        bearer(JOBS),
        {"authorization": f"bearer  {JOBS}"},
        {"X-API-Key": JOBS},
        basic(JOBS),
        basic(JOBS, user=""),
        bearer("other") | {"X-API-Key": JOBS},
        basic("of the ingress") | {"X-API-Key": JOBS},
    ],
)
def test_a_key_lets_in_and_names_itself_in_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    """A key is taken in each of three places, and the request's line has its name; never the key."""
    caplog.set_level(logging.INFO)
    assert predict(client, headers).status_code == 200
    (line,) = [record for record in caplog.records if record.getMessage() == "request"]
    assert line.__dict__["key"] == "jobs"
    assert all(JOBS not in str(record.__dict__) for record in caplog.records)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("other"),
        bearer(hashed(JOBS)),
        bearer(""),
        basic("other"),
        basic("", user=JOBS),
        {"X-API-Key": JOBS[:-1]},
        {"X-API-Key": ""},
        {"X-API-Key": "ÿ"},
        *({"Authorization": text} for text in (JOBS, "Bearer", f"Token {JOBS}", "Basic !", "Basic /w==", "Basic YQ==")),
    ],
)
def test_nothing_else_lets_in(client: FlaskClient, fake: FakeServer, headers: dict[str, str]) -> None:
    """Without a key that is known, the model server is not asked, and the answer says how a key is given."""
    answer = predict(client, headers)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    schemes = ['Bearer realm="gateway"', 'Basic realm="gateway", charset="UTF-8"']
    assert answer.headers.getlist("WWW-Authenticate") == schemes
    assert fake.calls == []


def test_a_wrong_key_is_answered_like_none(client: FlaskClient) -> None:
    """But for the sentence, nothing tells whether a key was wrong or missing."""
    seen = []
    for headers in ({}, bearer("other")):
        answer = predict(client, {**headers, "X-Request-ID": "1"})
        told = document(answer)
        assert told.pop("detail")
        seen.append((answer.status, told, {k: v for k, v in answer.headers if k != "Content-Length"}))
    assert seen[0] == seen[1]


def test_every_route_asks_for_a_key_but_the_health_routes(app: Flask, client: FlaskClient, fake: FakeServer) -> None:
    """Pages, files, metrics, the document, what is not there: all ask, only whoever watches the gateway need not."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule not in HEALTH]
    paths = [app.url_map.bind("").build(r.endpoint, dict.fromkeys(r.arguments, 1), force_external=False) for r in rules]
    for path in {*paths, "/nothing", "//livez", "/livez/", "/LIVEZ", "/static/page.js", "/docs/assets/redoc.js"}:
        for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE", "TRACE"):
            assert client.open(path, method=method).status_code == 401, (method, path)
    assert fake.calls == []
    assert [client.get(path).status_code for path in HEALTH] == [200] * 4
    assert [client.head(path).status_code for path in HEALTH] == [200] * 4
    assert [client.get(path, headers=bearer(JOBS)).status_code for path in ("/", "/docs", "/metrics")] == [200] * 3


def test_is_asked_for_before_the_body(client: FlaskClient) -> None:
    """What a stranger sends is not read."""

    class Unread(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise AssertionError

    for path in ("/predict", "/v1/models/line:predict", "/v2/models/line/infer"):
        assert client.post(path, input_stream=Unread(b"{}"), content_length=2).status_code == 401


@pytest.mark.parametrize("path", ["/v1/models/line:predict", "/v2/models/line/infer", "/v2/nothing"])
def test_the_protocols_have_the_refusal_in_their_own_shape(client: FlaskClient, path: str) -> None:
    """Clients of the other protocols find the error where theirs stands."""
    answer = client.post(path, json={})
    assert (answer.status_code, answer.mimetype) == (401, "application/json")
    assert document(answer) == {"error": f"Unauthorized. {auth.NO_KEY}"}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none", None])
@pytest.mark.parametrize("give", [bearer, basic])
def test_another_sites_page_cannot_use_a_browsers_password(
    client: FlaskClient, give: Callable[[str], dict[str, str]], site: str | None
) -> None:
    """A browser adds a remembered password to what other sites make it send: that counts for reading alone."""
    headers = give(JOBS) | ({} if site is None else {"Sec-Fetch-Site": site})
    refused = give is basic and site in ("cross-site", "same-site")
    assert predict(client, headers).status_code == (401 if refused else 200)
    assert client.get("/", headers=headers).status_code == 200


def test_every_key_is_compared_with_every_hash(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time does not tell how many keys there are before the one that fits, nor how close another comes."""
    compared, compare = [], hmac.compare_digest

    def count(given: bytes, expected: bytes) -> bool:
        compared.append((given, expected))
        return compare(given, expected)

    monkeypatch.setattr(hmac, "compare_digest", count)
    for key in (JOBS, PEOPLE, "other"):
        predict(client, {"X-API-Key": key})
        given = sha256(key.encode()).digest()
        assert compared == [(given, sha256(known.encode()).digest()) for known in (JOBS, PEOPLE)]
        compared.clear()


def test_keys_are_changed_without_a_restart(client: FlaskClient, keys_file: Path) -> None:
    """A new key works beside the old one as soon as it stands in the file, and the old one no longer than that."""
    new = f"jobs-2 {hashed('new')}\n"
    assert predict(client, bearer("new")).status_code == 401
    for text, statuses in ((GOOD + new, [200, 200]), (new, [401, 200])):
        staged = keys_file.with_suffix(".new")
        staged.write_text(text)
        staged.replace(keys_file)
        assert [predict(client, bearer(key)).status_code for key in (JOBS, "new")] == statuses


BAD = [
    (f"jobs {hashed(JOBS)}\njobs {hashed(PEOPLE)}\n", "line 2: the same name as in line 1"),
    (f"jobs {hashed(JOBS)}\n\npeople {hashed(JOBS)}\n", "line 3: the same key as in line 1"),
    (f"# jobs\njobs {JOBS}\n", "line 2: expected a SHA-256 in 64 hex digits behind the name, and never a key itself"),
    (f"jobs {hashed(JOBS)[:-1]}", "line 1: expected a SHA-256 in 64 hex digits behind the name"),
    (f"jobs {hashed('')}", "line 1: this is the SHA-256 of nothing"),
    (JOBS, "line 1: expected a name and a SHA-256 in 64 hex digits; python -m gateway.keys NAME makes a line"),
    (f"{hashed(JOBS)} jobs", "line 1: expected a name and a SHA-256"),
    (f"jobs {hashed(JOBS)} {JOBS}", "line 1: expected a name and a SHA-256"),
    (f"jöbs {hashed(JOBS)}", "line 1: expected a name and a SHA-256"),
    (f"jobs {hashed(JOBS)}\nwörd", "line 2: expected a name and a SHA-256"),
    (f"{JOBS}\udcff", "it is no text in UTF-8"),
    ("", "it holds no key, so nobody could get in"),
    ("# nobody yet\n\n", "it holds no key, so nobody could get in"),
]


def write(file: Path, text: str) -> None:
    """Write a file, whatever the bytes."""
    file.write_bytes(text.encode(errors="surrogateescape"))


@pytest.mark.parametrize(("text", "cause"), BAD)
def test_says_what_is_wrong_with_a_file(keys_file: Path, text: str, cause: str) -> None:
    """A file that cannot be used is refused with its line's number, and without what stands there."""
    write(keys_file, text)
    with pytest.raises(ConfigError) as caught:
        key_file.check(str(keys_file))
    assert str(caught.value).startswith(f"API_KEYS_FILE={keys_file}: {cause}")
    told = str(caught.value).removeprefix(f"API_KEYS_FILE={keys_file}")
    assert not any(word in told for word in (JOBS, hashed(JOBS)[:-1], "wörd"))


@pytest.mark.parametrize(("text", "cause"), BAD)
def test_keeps_the_former_keys_while_the_file_is_wrong(
    client: FlaskClient, keys_file: Path, caplog: pytest.LogCaptureFixture, text: str, cause: str
) -> None:
    """A slip of the pen locks nobody out who was in: the log says so once, until the file is right again."""
    assert predict(client, bearer(JOBS)).status_code == 200
    write(keys_file, text)
    assert [predict(client, bearer(key)).status_code for key in (JOBS, PEOPLE, "other") * 2] == [200, 200, 401] * 2
    (told,) = errors(caplog)
    assert told.startswith(cause)
    assert JOBS not in caplog.text
    keys_file.write_text(f"other {hashed('other')}\n")
    assert [predict(client, bearer(key)).status_code for key in (JOBS, "other")] == [401, 200]


@pytest.mark.parametrize("make", [None, Path.mkdir, os.mkfifo], ids=["nothing", "folder", "pipe"])
def test_what_is_no_file_is_an_error_as_well(
    client: FlaskClient, keys_file: Path, caplog: pytest.LogCaptureFixture, make: Callable[[Path], None] | None
) -> None:
    """The file has gone, or is none: refused before the start, and the former keys stay while the gateway runs."""
    keys_file.unlink()
    if make is not None:
        make(keys_file)
    with pytest.raises(ConfigError, match=r"API_KEYS_FILE=.*(No such file or directory|it is no regular file)"):
        key_file.check(str(keys_file))
    assert [predict(client, bearer(key)).status_code for key in (JOBS, JOBS, "other")] == [200, 200, 401]
    assert len(errors(caplog)) == 1


def test_nobody_gets_in_before_the_keys_are_known(fake: FakeServer, tmp_path: Path) -> None:
    """A worker that begins while the file is wrong lets nobody in, is not ready, and goes on once the file is right."""
    file = tmp_path / "keys.txt"
    app = create_app(Settings(model_server=fake.target, api_keys_file=str(file)))
    client = app.test_client()
    for headers in ({}, bearer(JOBS)):
        answer = predict(client, headers)
        assert (answer.status_code, document(answer)["detail"]) == (503, key_file.NOT_KNOWN)
    assert [client.get(path).status_code for path in HEALTH] == [200, 503, 200, 503]
    file.write_text(GOOD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_file, "LOOK_SECONDS", 0.0)
        assert predict(client, bearer(JOBS)).status_code == 200
        assert [client.get(path).status_code for path in HEALTH] == [200] * 4
    app.extensions["model_server"].close()


def test_the_gateway_does_not_start_with_a_file_that_is_wrong(keys_file: Path) -> None:
    """The command ends at once, with one line that names the option and the place."""
    keys_file.write_text(f"jobs {JOBS}\n")
    command = [sys.executable, "-m", "gunicorn", "-c", "gateway/gunicorn_config.py"]
    environment = {**os.environ, "API_KEYS_FILE": str(keys_file), "PORT": str(free_port())}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"gateway: API_KEYS_FILE={keys_file}: line 1: expected a SHA-256")
    assert JOBS not in ended.stdout + ended.stderr


def test_the_document_says_that_a_key_is_needed(client: FlaskClient) -> None:
    """With keys, the published interface has the three ways to give one and the refusal, but for the health routes."""
    described = document(client.get("/openapi.json", headers=bearer(JOBS)))
    validate(described)
    assert set(described["components"]["securitySchemes"]) == {"bearer", "header", "basic"}
    for path, item in described["paths"].items():
        for operation in item.values():
            assert ("security" in operation) == ("401" in operation["responses"]) == (path not in HEALTH), path
    v1 = described["paths"]["/v1/models/line:predict"]["post"]
    assert v1["responses"]["401"]["content"]["application/json"]["schema"]["$ref"].endswith("/Error")
    assert {"bearer": []} in v1["security"]


def test_without_keys_the_document_says_nothing_of_them(fake: FakeServer) -> None:
    """A gateway that lets everybody in documents no refusal that it never gives."""
    app = create_app(Settings(model_server=fake.target))
    text = app.test_client().get("/openapi.json").text
    assert "securitySchemes" not in text
    assert '"401"' not in text
    app.extensions["model_server"].close()
