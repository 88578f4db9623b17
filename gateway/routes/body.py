"""Reading a request's body, and holding its headers against what a body may be."""

from flask import request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from gateway.errors import UnsupportedMediaError
from gateway.facts import TOO_LARGE

# What `curl -d` and a browser's `fetch` send by default: people put JSON behind it, and neither has a meaning here.
DEFAULTS = ("application/x-www-form-urlencoded", "text/plain")
BINARY = "application/octet-stream"


def check_media_type(*also: str) -> None:
    """Hold the request's headers against what a body may be: JSON in UTF-8, as it is.

    Args:
        also: Other media types that will do.

    Raises:
        UnsupportedMediaError: They say that it is something else.
    """
    media_type = request.mimetype
    if media_type and not request.is_json and media_type not in (*DEFAULTS, *also):
        raise UnsupportedMediaError(f"The body is {media_type}; expected application/json.")
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaError(f"The body's charset is {charset}; expected utf-8.")
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise UnsupportedMediaError(f"The body's Content-Encoding is {encoding}; expected none.")


def read_body(max_bytes: int) -> bytes:
    """Read the request's body.

    Args:
        max_bytes: The most accepted; the application's MAX_CONTENT_LENGTH has to be larger, since Werkzeug cuts a
            chunked body there without a word.

    Returns:
        The whole body.

    Raises:
        HTTPException: The body is too large (413) or its transfer coding is broken (400).
    """
    if request.environ.get(TOO_LARGE):
        raise RequestEntityTooLarge
    try:
        body = request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception as error:  # gunicorn's parser raises whatever a broken chunk makes it raise
        raise BadRequest from error
    if len(body) > max_bytes:
        raise RequestEntityTooLarge
    return body
