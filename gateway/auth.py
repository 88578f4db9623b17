"""Who may ask: whoever gives an API key that is known."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from werkzeug.datastructures import Authorization

from gateway.errors import UnauthorizedError
from gateway.exchange import Exchange
from gateway.key_file import Keys

KEY_HEADER = "X-API-Key"
LIVE = {"/livez", "/v2/health/live"}
READY = {"/readyz", "/v2/health/ready"}
OPEN = LIVE | READY  # whoever starts and stops the gateway has no key
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITES = ("same-origin", "none")  # what browsers say of a request that a page of this gateway, or a user, made

NO_KEY = f"A key is needed: as Authorization: Bearer KEY, as {KEY_HEADER}: KEY, or as the password of HTTP Basic."
OTHER_KEY = "This key is not accepted here."


def gate(file: str) -> Callable[[Exchange], None]:
    """Who lets only those in who give a key, on every route but OPEN, and where there is none.

    Args:
        file: The path of the keys' file; empty lets everybody in.

    Returns:
        What to ask of each request; it notes whose key was given.
    """
    if not file:
        return lambda _: None
    keys = Keys(file)
    keys.current(0)  # so that the first request finds them

    def admit(exchange: Exchange) -> None:
        if exchange.route in LIVE:
            return
        given = [key for key in _given(exchange.environ) if key]
        names = keys.names(given)  # a gateway that knows no keys is not ready
        if exchange.route in READY:
            return
        if not names:
            raise UnauthorizedError(OTHER_KEY if given else NO_KEY)
        exchange.key = names[0]

    return admit


def _given(environ: Mapping[str, Any]) -> Iterator[str]:
    """The keys that a request gives, wherever it may give one."""
    yield environ.get("HTTP_X_API_KEY", "")
    authorization = Authorization.from_header(environ.get("HTTP_AUTHORIZATION"))
    if authorization is not None and authorization.type == "bearer":
        yield authorization.token or ""
    elif authorization is not None and authorization.type == "basic" and not _is_elsewhere(environ):
        yield authorization.password or ""


def _is_elsewhere(environ: Mapping[str, Any]) -> bool:
    """Whether another site's page asks for more than to read: a browser sends a password along with that, unasked."""
    site = environ.get("HTTP_SEC_FETCH_SITE", "none")
    return environ["REQUEST_METHOD"] not in SAFE_METHODS and site not in OWN_SITES
