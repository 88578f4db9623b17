"""A request and what is noted of it until it is answered."""

from dataclasses import dataclass
from typing import Any

from flask import g

from gateway.call import Call


@dataclass(slots=True)
class Exchange:
    """A request, and what is noted of it for its log line, the metrics and its answer's headers.

    Attributes:
        environ: Its WSGI environment; headers are under HTTP_ and their names in capitals.
        route: The pattern of its route, without converters: `/v1/models/<model>:predict`; None if there is none.
        arrived: When it had arrived; of `time.monotonic()`.
        request_id: Its id.
        call: The request as the model server's client sees it.
        trace_id: The trace that it belongs to.
        key: The name of the key that it gave.
        model: The model that it asks for.
        version: The number of the version that predicted.
        label: The label which that was asked for by.
        canary_failed: Why it was not the canary that answered.
        rows: How many instances it has.
        warnings: How many warnings its answer has.
        problem: Why it is refused or failed, in a word or two.
        cause: What happened, for the log alone.
    """

    environ: dict[str, Any]
    route: str | None
    arrived: float
    request_id: str
    call: Call
    trace_id: str | None = None
    key: str | None = None
    model: str | None = None
    version: int | None = None
    label: str | None = None
    canary_failed: str | None = None
    rows: int | None = None
    warnings: int | None = None
    problem: str | None = None
    cause: str | None = None


def current() -> Exchange:
    """The request at hand, where Flask answers it."""
    exchange: Exchange = g.exchange
    return exchange
