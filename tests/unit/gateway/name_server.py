"""A DNS server for one name, over UDP, whose addresses a test changes while it runs (RFC 1035, section 4)."""

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread

A, IN = 1, 1
ANSWER = 0x8580  # a response, authoritative, recursion desired and available
HEADER_BYTES = 12
SAME_NAME = 0xC000 | HEADER_BYTES  # a pointer to the question's


@dataclass
class NameServer:
    """What it answers, and where.

    Attributes:
        addresses: The IPv4 addresses of the name, whatever is asked for; there is no IPv6 address.
        port: Where it listens on 127.0.0.1.
        asked: How often it was asked for them.
    """

    addresses: Sequence[str] = ()
    port: int = 0
    asked: int = field(default=0)

    def answer(self, query: bytes) -> bytes:
        """Answer a query with one question."""
        end = query.index(b"\0", HEADER_BYTES) + 1  # of the name
        kind = struct.unpack_from("!H", query, end)[0]
        found = self.addresses if kind == A else ()
        self.asked += kind == A
        header = query[:2] + struct.pack("!5H", ANSWER, 1, len(found), 0, 0)
        records = [struct.pack("!3HIH", SAME_NAME, A, IN, 0, 4) + socket.inet_aton(address) for address in found]
        return header + query[HEADER_BYTES : end + 4] + b"".join(records)


@contextmanager
def naming(*addresses: str) -> Iterator[NameServer]:
    """Run a name server until the block ends.

    Args:
        addresses: What it answers at first.

    Yields:
        The server.
    """
    names = NameServer(addresses)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        names.port = sock.getsockname()[1]

        def serve() -> None:
            while query := sock.recvfrom(4096):
                if not query[0]:
                    return
                sock.sendto(names.answer(query[0]), query[1])

        thread = Thread(target=serve)
        thread.start()
        try:
            yield names
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", names.port))
            thread.join()
