"""The command `python -m serving.embedded`."""

import argparse
import gc
import logging
import math
import signal
import sys
from pathlib import Path
from threading import Event
from typing import NoReturn

from serving.embedded.quiet import import_tensorflow

_PROGRAM = "python -m serving.embedded"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}\n")  # one line; argparse's own adds the usage


def main() -> int:
    """Run the embedded model server until SIGTERM or SIGINT.

    Returns:
        The exit code: 0 after a signal, 1 if the server could not start.
    """
    arguments = _make_parser().parse_args()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    import_tensorflow()
    # Only now: these modules import TensorFlow and gRPC, which read their log levels when they are imported.
    from serving.embedded.errors import StartError
    from serving.embedded.server import Options, serve

    gc.freeze()  # what is imported stays: to look for garbage there would hold up all requests for a third of a second
    try:
        serve(Options(**vars(arguments)), stop)
    except StartError as error:
        sys.stderr.write(f"{_PROGRAM}: error: {error}\n")
        return 1
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=_PROGRAM, description="A small stand-in for TensorFlow Serving, for development and CI.")
    parser.add_argument("--store", type=Path, default=Path("serving/models"), help="the model store (%(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=8500, help="the gRPC port, 0 for any free one (%(default)s)")
    parser.add_argument(
        "--poll-seconds", type=_seconds, default=1.0, help="the pause between two looks at the store (%(default)s)"
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port (0 to 65535)")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number of seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
