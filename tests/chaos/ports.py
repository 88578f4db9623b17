"""The fault of taken ports, run in a network of its own: `python -m tests.chaos.ports`."""

import logging
import socket
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.chaos.load import Client, Seen
from tests.chaos.world import START_SECONDS, world
from tests.processes import wait_until
from tests.servers import found_command


def main() -> int:
    """Take all ports, ask on a connection that is open and on a new one, free the ports, and ask again.

    Returns:
        The exit code: 0 if all was answered that can be.
    """
    logging.disable()
    with tempfile.TemporaryDirectory() as folder, world(Path(folder), found_command()) as made:
        seen = Seen()
        kept, new = Client([made.port], seen), Client([made.port], seen)
        kept.ask()
        with ExitStack() as taken:
            count = 0
            with suppress(OSError):
                while True:
                    taken.enter_context(socket.create_connection(("127.0.0.1", made.port)))
                    count += 1
            kept.ask()
            new.ask()
        wait_until(lambda: new.ask() == "200", START_SECONDS, "a port")
        kept.ask()
    kinds = [kind for _, kind in seen.answers]
    print(
        f"{count} ports taken: open connection {kinds[1]}, new one {kinds[2]}; afterwards {kinds[-2]} and {kinds[-1]}"
    )
    return 0 if kinds[:2] == ["200", "200"] and kinds[2] == "OSError" and kinds[-2:] == ["200", "200"] else 1


if __name__ == "__main__":
    sys.exit(main())
