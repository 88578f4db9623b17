"""What can go wrong while a request is answered, and what the client is told of it.

    GatewayError               status, title and detail of the answer
    ├── RefusedError           the request cannot be answered as it is; errors point at the places
    │   ├── NotJsonError           400: the body is no JSON document
    │   ├── InvalidHeaderError     400: a header has a value that it cannot have
    │   ├── UnauthorizedError      401: it gives no key that is known here
    │   ├── InvalidInputError      422: it is JSON, but not what the model takes
    │   └── UnsupportedMediaError  415: it says that it is something other than JSON
    ├── OtherTensorsError      the canary is not like the stable version, which answers then: no client is told
    ├── ModelServerError       the model server did not answer, or answered with an error: see HTTP_STATUS
    │   ├── UnknownLabelError      404: the model has no such label
    │   ├── NotSupportedError      501: it serves a model that this gateway cannot speak for
    │   └── NotGoldenError         503: the version does not reproduce its golden examples
    ├── OverloadedError        503: the worker has as many requests in hand as it takes
    └── NotReadyError          503: a configured model cannot answer
        └── DrainingError          503: this gateway is about to stop

One table, HTTP_STATUS, turns every gRPC status into an HTTP status. What the model server said goes to the log only:
its messages name the graph's nodes and the server's address.
"""

from collections.abc import Sequence

import grpc
import msgspec

Code = grpc.StatusCode

# Every code that is not OK; those that tell of nothing a client could act on are a bad gateway.
HTTP_STATUS: dict[Code, int] = {
    Code.CANCELLED: 502,
    Code.UNKNOWN: 502,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 502,
    Code.PERMISSION_DENIED: 502,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 502,
    Code.ABORTED: 502,
    Code.OUT_OF_RANGE: 502,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 502,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 502,
    Code.UNAUTHENTICATED: 502,
}
TITLES: dict[int, tuple[str, str]] = {
    400: ("Refused by the model", "The model server did not accept these values."),
    404: ("Model not found", "The model server serves no such model or version."),
    429: ("Model server is busy", "The model server has no capacity for this request now; try again later."),
    501: ("Not implemented", "The model server does not offer this."),
    502: ("Model server failed", "The model server answered with an error."),
    503: ("Model server unavailable", "The model server cannot be reached now; try again."),
    504: ("Model server timed out", "The model server did not answer in time."),
}
RETRY_AFTER_SECONDS = 1  # a restarted model server answers again within about a second


class Place(msgspec.Struct, frozen=True):
    """One place in the request that is wrong: a JSON pointer (RFC 6901) and what is wrong there."""

    pointer: str
    detail: str


class UnknownCategory(Place, frozen=True):
    """A value that is not in the vocabulary of a feature.

    Attributes:
        feature: The feature's name; for the metrics, not for the client.
    """

    feature: str


class GatewayError(Exception):
    """A request that ends in a problem document.

    Attributes:
        status: The HTTP status.
        reason: What kind of problem, for the metrics and the log: a word or two.
        title: What kind of problem, the same for every occurrence.
        detail: What happened this time, for the client.
        errors: The places in the request that are wrong, if they are.
        headers: Further headers of the answer.
        retry_after_seconds: When to try again, if that may help.
        cause: What happened, for the log alone.
    """

    status = 500
    reason = "internal"
    title = "Internal error"
    headers: Sequence[tuple[str, str]] = ()

    def __init__(self, detail: str, *, errors: Sequence[Place] = (), cause: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.retry_after_seconds: int | None = None
        self.cause = cause


class RefusedError(GatewayError):
    """The request cannot be answered as it is."""


class NotJsonError(RefusedError):
    """The body is no JSON document."""

    status = 400
    reason = "not_json"
    title = "Not a JSON document"


class InvalidHeaderError(RefusedError):
    """A header has a value that it cannot have."""

    status = 400
    reason = "invalid_header"
    title = "Invalid header"


class UnauthorizedError(RefusedError):
    """The request gives no key that is known here."""

    status = 401
    reason = "unauthorized"
    title = "Unauthorized"
    headers = (
        ("WWW-Authenticate", 'Bearer realm="gateway"'),
        ("WWW-Authenticate", 'Basic realm="gateway", charset="UTF-8"'),
    )


class InvalidInputError(RefusedError):
    """The body is JSON, but not what the model takes.

    Attributes:
        unknown: The features that have a value which is not in their vocabulary, one name a value.
    """

    status = 422
    reason = "invalid_input"
    title = "Invalid input"

    def __init__(self, *places: Place, more: bool = False) -> None:
        """State what is wrong.

        Args:
            places: Where.
            more: Whether there are more places than these.
        """
        detail = "The request does not fit what the model takes."
        super().__init__(
            f"{detail} The first {len(places)} faults:" if more else detail,
            errors=[Place(place.pointer, place.detail) for place in places],
        )
        self.unknown = [place.feature for place in places if isinstance(place, UnknownCategory)]


class UnsupportedMediaError(RefusedError):
    """The body says that it is something other than JSON in UTF-8."""

    status = 415
    reason = "media_type"
    title = "Unsupported media type"


class OtherTensorsError(GatewayError):
    """The canary takes or answers other tensors than the stable version."""


class ModelServerError(GatewayError):
    """The model server did not answer, or answered with an error.

    Attributes:
        code: The gRPC status.
    """

    def __init__(self, code: Code, cause: str) -> None:
        self.status = HTTP_STATUS[code]
        self.reason = code.name.lower()
        self.title, detail = TITLES[self.status]
        super().__init__(detail, cause=f"{code.name}: {cause}")
        self.code = code
        if self.status in (429, 503):
            self.retry_after_seconds = RETRY_AFTER_SECONDS


class UnknownLabelError(ModelServerError):
    """No version of the model has the label. That one has it and is not loaded is a ModelServerError like any other."""

    def __init__(self, cause: str) -> None:
        super().__init__(Code.NOT_FOUND, cause)


class NotSupportedError(ModelServerError):
    """The model server serves a model that this gateway cannot speak for."""

    def __init__(self, detail: str) -> None:
        super().__init__(Code.UNIMPLEMENTED, detail)
        self.detail = detail


class NotGoldenError(ModelServerError):
    """A version does not give the answers that the model gave where it was trained."""

    def __init__(self, detail: str) -> None:
        super().__init__(Code.UNAVAILABLE, detail)
        self.reason = "not_golden"
        self.title = "Version refused"
        self.detail = detail


class OverloadedError(GatewayError):
    """The worker has as many requests in hand as it takes."""

    status = 503
    reason = "overloaded"
    title = "Overloaded"

    def __init__(self) -> None:
        super().__init__("This gateway has as many requests in hand as it takes; try again.")
        self.retry_after_seconds = RETRY_AFTER_SECONDS


class NotReadyError(GatewayError):
    """A configured model cannot answer."""

    status = 503
    reason = "not_ready"
    title = "Not ready"


class DrainingError(NotReadyError):
    """This gateway is about to stop."""

    reason = "draining"

    def __init__(self) -> None:
        super().__init__("This gateway is about to stop.")
