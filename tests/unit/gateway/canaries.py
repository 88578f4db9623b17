"""A line with a stable version 1 and a canary 2, in tests."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway import tf_serving_pb2 as pb
from tests.unit.gateway.fake_server import FailedError, FakeServer, Served, line

STABLE, CANARY = 1, 2
ALWAYS, NEVER = {"X-Canary": "always"}, {"X-Canary": "never"}


def with_canary(fake: FakeServer, **canary: Any) -> Served:
    """Give a fake server's line a canary.

    Args:
        fake: The server.
        canary: What it serves otherwise than the line.

    Returns:
        The canary.
    """
    served = Served(**{"version": CANARY} | canary)
    fake.others, fake.labels = [served], {"stable": STABLE, "canary": served.version}
    return served


def ask(client: FlaskClient, data: Any = 10, **headers: str) -> TestResponse:
    """Ask for a prediction; a header's underscores stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/predict", json={"data": data}, headers=named)


def label(answer: TestResponse) -> str | None:
    """The label of the version that answered."""
    assert answer.status_code == 200, answer.text
    return answer.headers.get("X-Model-Label")


def failing(code: Any) -> Callable[[pb.PredictRequest], Mapping[str, pb.TensorProto]]:
    """Fail each prediction."""

    def answer(_request: pb.PredictRequest) -> Mapping[str, pb.TensorProto]:
        raise FailedError(code)

    return answer


@contextmanager
def hanging(served: Served, seconds: float) -> Iterator[list[int]]:
    """Let a version answer no prediction in time; gives a list that grows with each that it was asked for."""
    goes_on, asked = threading.Event(), []

    def answer(request: pb.PredictRequest) -> Mapping[str, pb.TensorProto]:
        asked.append(1)
        goes_on.wait(seconds)
        return line(request)

    served.answer = answer
    try:
        yield asked
    finally:
        goes_on.set()


def failures(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the request log says of fallbacks, request by request."""
    lines = [record.__dict__ for record in caplog.records if record.name == "gateway.request"]
    return [line.get("canary_failed", "") for line in lines]
