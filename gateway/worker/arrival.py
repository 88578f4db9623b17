"""What has arrived of a request, and whether that is all of it (RFC 9112, sections 6 and 7.1)."""

import re

FIELDS = re.compile(rb"\r\n(content-length|transfer-encoding|expect)[ \t]*:([^\r]*)", re.IGNORECASE)
LENGTH_CHARS, CODING_CHARS = len("content-length"), len("transfer-encoding")
MAX_DIGITS = 18
MAX_SIZE_LINE = 8190  # of a chunk, with its extensions; gunicorn's own limit
# A chunk of one byte takes six, and may have extensions: so much more than a body may have is not buffered.
CHUNK_OVERHEAD = 8
# Parsing a chunk takes some microseconds, however small it is: so many are taken, and one more for each half kilobyte.
MAX_CHUNKS, CHUNK_BYTES = 1_000, 512


class Arrival:
    """The bytes of one request, as they come.

    It only finds where the request ends. Whatever looks odd is handed on at once, for the parser to refuse.

    Attributes:
        received: What has arrived: of the request, and of those behind it.
        whole: Whether the whole request has.
        ready: Whether there is nothing more to wait for: the request is whole, or it is to be refused anyway.
        too_large: Whether its body is larger than it may be.
        endless: Whether the head is larger than it may be, and has no end yet.
        owes_continue: Whether the client waits to be told that it may send the body.
    """

    def __init__(self, received: bytes = b"", *, max_head_bytes: int, max_body_bytes: int) -> None:
        """Begin.

        Args:
            received: What came behind the request before.
            max_head_bytes: The most that request line and headers may take.
            max_body_bytes: The most that the body may take.
        """
        self.received = bytearray()
        self.whole = self.ready = self.too_large = self.endless = self.owes_continue = False
        self._max_head = max_head_bytes
        self._max_body = max_body_bytes
        self._body: int | None = None  # where it begins
        self._end: int | None = None  # where it ends; None where chunks tell
        self._chunk = 0  # where the next one begins
        self._chunks = self._decoded = 0  # how many there were, and what they hold
        if received:
            self.add(received)

    def add(self, data: bytes) -> None:
        """Take what has arrived; `whole` and `ready` tell what comes of it."""
        searched = max(len(self.received) - 3, 0)
        self.received += data
        if self._body is None and not self.ready:
            self._find_head(searched)
        if self._body is not None and not self.ready:
            self._find_end()

    def _find_head(self, searched: int) -> None:
        found = self.received.find(b"\r\n\r\n", searched)
        if found < 0:
            self.ready = self.endless = len(self.received) > self._max_head
            return
        self._body = self._chunk = found + 4
        lengths, codings, expects = list[bytes](), list[bytes](), False
        for name, value in FIELDS.findall(self.received, 0, found + 2):
            if len(name) == LENGTH_CHARS:
                lengths.append(value)
            elif len(name) == CODING_CHARS:
                codings.append(value)
            else:
                expects = True
        if codings:
            # With a length as well, which of them holds is not for us to guess; another coding is not known here.
            self.ready = bool(lengths) or [coding.strip().lower() for coding in codings] != [b"chunked"]
        else:
            self._end = self._body
            if lengths:
                length = lengths[0].strip()
                odd = len(lengths) > 1 or not (length.isdigit() and len(length) <= MAX_DIGITS)
                self._end += 0 if odd else int(length)
                self.too_large = not odd and int(length) > self._max_body
                self.ready = odd or self.too_large
        self.owes_continue = expects and not self.ready

    def _find_end(self) -> None:
        if self._end is None:
            self._follow_chunks()
        elif len(self.received) >= self._end:
            self.whole = self.ready = True

    def _follow_chunks(self) -> None:
        while not self.ready:
            line = self.received.find(b"\r\n", self._chunk, self._chunk + MAX_SIZE_LINE)
            if line < 0:
                self.ready = len(self.received) - self._chunk >= MAX_SIZE_LINE or self._is_bloated()
                return
            size = _size(bytes(self.received[self._chunk : line]))
            small = self._chunks > MAX_CHUNKS + self._decoded // CHUNK_BYTES
            self.too_large = small or (size is not None and self._decoded + size > self._max_body)
            if size is None or self.too_large or self._is_bloated():
                self.ready = True
            elif size == 0:
                self._find_trailers_end(line)
                return
            elif len(self.received) < line + 2 + size + 2:
                return
            else:
                self._chunks += 1
                self._decoded += size
                self._chunk = line + 2 + size + 2

    def _find_trailers_end(self, line: int) -> None:
        """Behind the last chunk come trailers, if any, and an empty line."""
        if self.received.find(b"\r\n\r\n", line) >= 0:
            self.whole = self.ready = True
        else:
            self.ready = len(self.received) - line > self._max_head

    def _is_bloated(self) -> bool:
        return len(self.received) > CHUNK_OVERHEAD * self._max_body + self._max_head


def _size(line: bytes) -> int | None:
    """The size that a chunk's first line states; None if it states none."""
    digits = line.partition(b";")[0].strip()
    try:
        return int(digits, 16) if digits.isalnum() and len(digits) <= MAX_DIGITS else None
    except ValueError:
        return None
