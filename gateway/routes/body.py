"""Reading a request's body, and holding its headers against what a body may be."""

import functools
from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.wsgi import get_input_stream

from gateway.errors import UnsupportedMediaError
from gateway.facts import TOO_LARGE

# What `curl -d` and a browser's `fetch` send by default: people put JSON behind it, and neither has a meaning here.
DEFAULTS = ("application/x-www-form-urlencoded", "text/plain")
BINARY = "application/octet-stream"


def check_media_type(environ: Mapping[str, Any], *also: str) -> None:
    """Hold a request's headers against what a body may be: JSON in UTF-8, as it is.

    Args:
        environ: Its WSGI environment.
        also: Other media types that will do.

    Raises:
        UnsupportedMediaError: They say that it is something else.
    """
    media_type, charset = _media_type(environ.get("CONTENT_TYPE", ""))
    if media_type and not _is_json(media_type) and media_type not in (*DEFAULTS, *also):
        raise UnsupportedMediaError(f"The body is {media_type}; expected application/json.")
    if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaError(f"The body's charset is {charset}; expected utf-8.")
    encoding = environ.get("HTTP_CONTENT_ENCODING", "identity")
    if encoding != "identity":
        raise UnsupportedMediaError(f"The body's Content-Encoding is {encoding}; expected none.")


@functools.lru_cache(maxsize=64)
def _media_type(content_type: str) -> tuple[str, str]:
    """Media type and charset of a header, which nearly all requests have alike."""
    media_type, parameters = parse_options_header(content_type)
    return media_type.lower(), parameters.get("charset", "utf-8")


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def read_body(environ: dict[str, Any], max_bytes: int) -> bytes:
    """Read a request's body.

    Args:
        environ: Its WSGI environment.
        max_bytes: The most accepted.

    Returns:
        The whole body.

    Raises:
        HTTPException: The body is too large (413) or its transfer coding is broken (400).
    """
    if environ.get(TOO_LARGE):
        raise RequestEntityTooLarge
    try:
        if environ.get("wsgi.input_terminated"):  # as with gunicorn: what is read ends where the body does
            body: bytes = environ["wsgi.input"].read(max_bytes + 1)
        else:
            body = get_input_stream(environ, max_content_length=max_bytes + 1).read()
    except HTTPException:
        raise
    except Exception as error:  # gunicorn's parser raises whatever a broken chunk makes it raise
        raise BadRequest from error
    if len(body) > max_bytes:
        raise RequestEntityTooLarge
    return body
