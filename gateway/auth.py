"""Who may ask: whoever gives an API key that is known."""

from collections.abc import Iterator

from flask import Flask, g, request

from gateway.errors import UnauthorizedError
from gateway.key_file import Keys

KEY_HEADER = "X-API-Key"
LIVE = {"/livez", "/v2/health/live"}
READY = {"/readyz", "/v2/health/ready"}
OPEN = LIVE | READY  # whoever starts and stops the gateway has no key
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_SITES = ("same-origin", "none")  # what browsers say of a request that a page of this gateway, or a user, made

NO_KEY = f"A key is needed: as Authorization: Bearer KEY, as {KEY_HEADER}: KEY, or as the password of HTTP Basic."
OTHER_KEY = "This key is not accepted here."


def register(app: Flask, file: str) -> None:
    """Let only those in who give a key, on every path but OPEN: before the route is asked, or even found.

    Args:
        app: The application. Its requests have their ids already.
        file: The path of the keys' file; empty lets everybody in.
    """
    if not file:
        return
    keys = Keys(file)
    keys.current(0)  # so that the first request finds them

    def admit() -> None:
        rule = request.url_rule.rule if request.url_rule else None
        if rule in LIVE:
            return
        given = [key for key in _given() if key]
        names = keys.names(given)  # a gateway that knows no keys is not ready
        if rule in READY:
            return
        if not names:
            raise UnauthorizedError(OTHER_KEY if given else NO_KEY)
        g.key = names[0]

    app.before_request(admit)


def _given() -> Iterator[str]:
    """The keys that the request gives, wherever it may give one."""
    yield request.headers.get(KEY_HEADER, "")
    authorization = request.authorization
    if authorization is not None and authorization.type == "bearer":
        yield authorization.token or ""
    elif authorization is not None and authorization.type == "basic" and not _is_elsewhere():
        yield authorization.password or ""


def _is_elsewhere() -> bool:
    """Whether another site's page asks for more than to read: a browser sends a password along with that, unasked."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    return request.method not in SAFE_METHODS and site not in OWN_SITES
