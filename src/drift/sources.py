"""Where it can be read what a gateway has seen: its `/metrics`, over HTTP or in a file, or its prediction log."""

import gzip
import os
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

from src.errors import InputError

TIMEOUT_SECONDS = 30.0
MAX_METRICS_BYTES = 256 * 2**20  # some million series; nothing that a gateway has
KEY_VARIABLE = "API_KEY"


def is_url(source: str) -> bool:
    """Whether a source is asked over HTTP."""
    return source.lower().startswith(("http://", "https://"))


def is_log(source: str) -> bool:
    """Whether a source is a prediction log: by its name, or because it begins with a JSON object.

    Raises:
        InputError: It is a file that cannot be read.
    """
    if is_url(source):
        return False
    if source.endswith((".jsonl", ".jsonl.gz")):
        return True
    return next(lines(source), (0, b""))[1].lstrip().startswith(b"{")


def lines(source: str) -> Iterator[tuple[int, bytes]]:
    """A file's lines, which may be gzipped, with their numbers; those without content are passed over.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with (gzip.open if source.endswith(".gz") else open)(source, "rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:  # gzip's own are among them
        raise InputError(f"cannot read {source}: {getattr(error, 'strerror', None) or error}") from error


def metrics_text(source: str) -> str:
    """The text of a gateway's `/metrics`.

    Args:
        source: Its URL, of which the path may be left out, or a file.

    Raises:
        InputError: It cannot be had.
    """
    try:
        content = _fetch(source) if is_url(source) else Path(source).read_bytes()
        return content.decode()
    except urllib.error.HTTPError as error:
        error.close()
        hint = f"; the environment variable {KEY_VARIABLE} takes an API key" if error.code in (401, 403) else ""
        raise InputError(f"cannot read {source}: {error.code} {error.reason}{hint}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{source} is no text") from error
    except (OSError, HTTPException, ValueError) as error:
        cause = getattr(error, "reason", error)  # urllib wraps what the system says
        raise InputError(f"cannot read {source}: {getattr(cause, 'strerror', None) or cause}") from error


def _fetch(url: str) -> bytes:
    parts = urllib.parse.urlsplit(url)
    if parts.path in ("", "/"):
        url = urllib.parse.urlunsplit(parts._replace(path="/metrics"))
    request = urllib.request.Request(url, headers={"Accept": "text/plain"})  # noqa: S310  # is_url has seen it
    if key := os.environ.get(KEY_VARIABLE):
        # Not to whom the answer may send us on.
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
        content: bytes = answer.read(MAX_METRICS_BYTES + 1)
    if len(content) > MAX_METRICS_BYTES:
        raise ValueError(f"more than {MAX_METRICS_BYTES} bytes")
    return content
