"""API keys, known by their hashes in a file that is followed when it changes.

A line of the file is a name, for the log, and the SHA-256 of a key in hex; `python -m gateway.keys NAME` makes both.
Keys are 256 random bits, no passwords: nobody can go through them all, so a slow hash with a salt would add nothing.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from gateway.config import ConfigError
from gateway.errors import NotReadyError
from gateway.followed import LOOK_SECONDS, Followed, log

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}")  # shorter than a hash
HASH = re.compile(r"[0-9a-fA-F]{64}")
NOT_KNOWN = "This gateway cannot read its keys now; its log says why."


def digest(key: str) -> bytes:
    """What is kept of a key: its SHA-256.

    Args:
        key: The key.

    Returns:
        32 bytes.
    """
    return hashlib.sha256(key.encode()).digest()


def parse(data: bytes) -> dict[str, bytes]:
    """Read a file of keys. Empty lines, and what stands behind a `#`, say nothing.

    Args:
        data: All of it, text in UTF-8.

    Returns:
        The keys' hashes by their names.

    Raises:
        ValueError: A line is something else; names it by its number alone, as it may hold a key.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8") from None
    found: dict[str, bytes] = {}
    lines: dict[str | bytes, int] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        name, hashed = _entry(words, number)
        for known, what in ((name, "name"), (hashed, "key")):
            if known in lines:
                raise ValueError(f"line {number}: the same {what} as in line {lines[known]}")
            lines[known] = number
        found[name] = hashed
    if not found:
        raise ValueError("it holds no key, so nobody could get in")
    return found


def check(file: str) -> None:
    """Hold a file of keys against what it may be, before anything is started.

    Args:
        file: Its path; empty for none.

    Raises:
        ConfigError: It cannot be read, or holds something else.
    """
    try:
        if file:
            Keys(file).read()
    except OSError as error:
        raise ConfigError(f"API_KEYS_FILE={file}: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"API_KEYS_FILE={file}: {error}") from error


class Keys(Followed[Mapping[str, bytes]]):
    """The keys' hashes by their names; nobody's before the file could be read."""

    what: ClassVar[str] = "API keys file"

    def __init__(self, file: str) -> None:
        """Begin.

        Args:
            file: Its path; empty for none.
        """
        super().__init__(file, {})

    def names(self, given: Sequence[str]) -> list[str]:
        """Whose keys these are. How long it takes does not tell how close one comes.

        Args:
            given: What a client has given.

        Returns:
            The names of those that are known.

        Raises:
            NotReadyError: No keys are known yet.
        """
        known = self.current(LOOK_SECONDS)
        if not known:
            raise NotReadyError(NOT_KNOWN)
        hashes = [digest(key) for key in given]
        # Each with each, without an early end.
        return [name for name, expected in known.items() if sum(hmac.compare_digest(h, expected) for h in hashes)]

    def parse(self, data: bytes) -> Mapping[str, bytes]:
        """Understand what the file holds: see the function of this name."""
        return parse(data)

    def changed(self, value: Mapping[str, bytes]) -> None:
        """Log the names."""
        log.info("API keys", extra={"keys": list(value)})


def _entry(words: list[str], number: int) -> tuple[str, bytes]:
    """A line's name and hash."""
    match words:
        case [name, hashed] if NAME.fullmatch(name) and HASH.fullmatch(hashed):
            if bytes.fromhex(hashed) != digest(""):
                return name, bytes.fromhex(hashed)
            what = "this is the SHA-256 of nothing"
        case [name, _] if NAME.fullmatch(name):
            what = "expected a SHA-256 in 64 hex digits behind the name, and never a key itself"
        case _:
            what = "expected a name and a SHA-256 in 64 hex digits"
    raise ValueError(f"line {number}: {what}; python -m gateway.keys NAME makes a line")
