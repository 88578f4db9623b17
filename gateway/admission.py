"""What is settled of a request before its route is asked: who it is, how long it may take, whether there is room."""

import random
import re
import time
from collections.abc import Callable
from typing import Any

from gateway import call
from gateway.call import Call
from gateway.errors import InvalidHeaderError, OverloadedError
from gateway.exchange import Exchange
from gateway.facts import ARRIVED, OVERLOADED
from gateway.wording import quoted

REQUEST_ID_HEADER = "X-Request-ID"
TIMEOUT_HEADER = "X-Timeout-Seconds"
SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
SECONDS = re.compile(r"(?=.*[1-9])[0-9]{1,9}(\.[0-9]{1,9})?")  # more than none
# https://www.w3.org/TR/trace-context: whatever is behind the flags is a later version's. No id is all zeros.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{1,200})?")
TRACESTATE = re.compile(r"[ -~\t]{1,512}")


def begin(environ: dict[str, Any], route: str | None) -> Exchange:
    """Begin to answer a request: this thread's calls are for it from now on.

    Args:
        environ: Its WSGI environment.
        route: The pattern of its route.

    Returns:
        The request.
    """
    arrived = environ.get(ARRIVED) or time.monotonic()
    request_id = environ.get("HTTP_X_REQUEST_ID", "")
    if not (request_id and SAFE_REQUEST_ID.fullmatch(request_id)):
        request_id = _new_id()
    exchange = Exchange(environ, route, arrived, request_id, Call())
    exchange.call.metadata = _metadata(exchange)
    call.begin(exchange.call)
    return exchange


def check_room(exchange: Exchange) -> None:
    """Refuse what is one too many.

    Raises:
        OverloadedError: It is.
    """
    if exchange.environ.get(OVERLOADED):
        raise OverloadedError


def timer(timeout_seconds: float) -> Callable[[Exchange], None]:
    """Who gives each request its time.

    Args:
        timeout_seconds: How long it may take, from its arrival on; its client can make it shorter.

    Returns:
        What to do with each request; it raises an InvalidHeaderError where a header states a time that is none.
    """

    def limit(exchange: Exchange) -> None:
        stated = exchange.environ.get("HTTP_X_TIMEOUT_SECONDS")
        seconds = timeout_seconds if stated is None else min(timeout_seconds, _seconds(stated))
        exchange.call.deadline = exchange.arrived + seconds

    return limit


def _new_id() -> str:
    """An id that no other request has. It is no secret, and to ask the system for it lets other threads go first."""
    return f"{random.getrandbits(128):032x}"


def _metadata(exchange: Exchange) -> tuple[tuple[str, str], ...]:
    """The request's id, and its trace if it belongs to one."""
    environ, found = exchange.environ, [(call.REQUEST_ID, exchange.request_id)]
    parent = environ.get("HTTP_TRACEPARENT", "")
    if parent and (trace := TRACEPARENT.fullmatch(parent)):
        exchange.trace_id = trace[1]
        found.append(("traceparent", parent))
        state = environ.get("HTTP_TRACESTATE", "")
        if TRACESTATE.fullmatch(state):
            found.append(("tracestate", state))
    return tuple(found)


def _seconds(stated: str) -> float:
    """How long the client wants to wait."""
    if not SECONDS.fullmatch(stated):
        expected = "expected a number of seconds, such as 0.5"
        raise InvalidHeaderError(f"The header {TIMEOUT_HEADER} is {quoted(stated)}; {expected}.")
    return float(stated)
