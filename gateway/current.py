"""The request at hand, looked up once: each look through one of Flask's proxies costs as much as several attributes."""

from typing import Any

from flask import Request, g, request


def environ() -> dict[str, Any]:
    """Its WSGI environment; headers are under HTTP_ and their names in capitals."""
    return the_request().environ


def the_request() -> Request:
    """It."""
    found: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # the proxy has no other
    return found


def facts() -> dict[str, Any]:
    """What was noted of it so far in `g`, by name; what is written here is noted."""
    return vars(g._get_current_object())  # type: ignore[no-any-return]  # noqa: SLF001  # as above
