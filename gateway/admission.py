"""What is settled of a request before its route is asked: who it is, how long it may take, whether there is room."""

import random
import re
import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, g

from gateway import call
from gateway.call import Call
from gateway.current import environ, facts
from gateway.errors import InvalidHeaderError, OverloadedError
from gateway.facts import ARRIVED, OVERLOADED
from gateway.wording import quoted

REQUEST_ID_HEADER = "X-Request-ID"
TIMEOUT_HEADER = "X-Timeout-Seconds"
SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
SECONDS = re.compile(r"(?=.*[1-9])[0-9]{1,9}(\.[0-9]{1,9})?")  # more than none
# https://www.w3.org/TR/trace-context: whatever is behind the flags is a later version's. No id is all zeros.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{1,200})?")
TRACESTATE = re.compile(r"[ -~\t]{1,512}")


def register(app: Flask) -> None:
    """Begin every request of an application, and refuse at once what is one too many."""
    app.before_request(_begin)
    app.before_request(_check_room)
    app.teardown_request(lambda _: call.begin(None))


def limit(app: Flask, *, timeout_seconds: float) -> None:
    """Give every request of an application its time.

    Args:
        app: The application.
        timeout_seconds: How long a request may take, from its arrival on; a client can make it shorter.
    """

    def set_deadline() -> None:
        g.call.deadline = g.arrived + min(timeout_seconds, _asked_seconds(timeout_seconds))

    app.before_request(set_deadline)


def _check_room() -> None:
    if environ().get(OVERLOADED):
        raise OverloadedError


def _begin() -> None:
    given, known = environ(), facts()
    known["arrived"] = given.get(ARRIVED) or time.monotonic()
    request_id = given.get("HTTP_X_REQUEST_ID", "")
    known["request_id"] = request_id if SAFE_REQUEST_ID.fullmatch(request_id) else _new_id()
    known["call"] = Call(metadata=_metadata(given, known))
    call.begin(known["call"])


def _new_id() -> str:
    """An id that no other request has. It is no secret, and to ask the system for it lets other threads go first."""
    return f"{random.getrandbits(128):032x}"


def _metadata(given: Mapping[str, Any], known: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The request's id, and its trace if it belongs to one."""
    found = [(call.REQUEST_ID, known["request_id"])]
    parent = given.get("HTTP_TRACEPARENT", "")
    if parent and (trace := TRACEPARENT.fullmatch(parent)):
        known["trace_id"] = trace[1]
        found.append(("traceparent", parent))
        state = given.get("HTTP_TRACESTATE", "")
        if TRACESTATE.fullmatch(state):
            found.append(("tracestate", state))
    return tuple(found)


def _asked_seconds(default: float) -> float:
    """How long the client wants to wait.

    Raises:
        InvalidHeaderError: The header states no number of seconds.
    """
    stated = environ().get("HTTP_X_TIMEOUT_SECONDS")
    if stated is None:
        return default
    if not SECONDS.fullmatch(stated):
        expected = "expected a number of seconds, such as 0.5"
        raise InvalidHeaderError(f"The header {TIMEOUT_HEADER} is {quoted(stated)}; {expected}.")
    return float(stated)
