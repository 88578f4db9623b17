"""What is fuzzed: the gateway's WSGI application in this process, with its log."""

import logging
import time
from logging.config import DictConfigurator
from typing import Self

import msgspec
from flask import Flask
from werkzeug.test import run_wsgi_app

from gateway import create_app
from gateway.config import Settings
from gateway.logs import logging_config
from tests.fuzz.models import Channel
from tests.fuzz.request import Request
from tests.fuzz.rules import hold
from tests.fuzz.served import MODELS

MAX_BODY_BYTES = 20_000  # small, so that what is too large is cheap
MAX_ROWS = 50
MOST_SECONDS = 5  # for one reply; most take a fifth of a millisecond


class ViolationError(Exception):
    """A reply that is not what every reply has to be.

    Attributes:
        request: What it replies to.
        message: What is wrong.
    """

    def __init__(self, request: Request, message: str) -> None:
        super().__init__(request, message)  # both, so that it comes whole out of another process
        self.request = request
        self.message = message


class Log(logging.Handler):
    """Formats each line as in production, reads it again, and keeps the latest with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        config = logging_config("info")
        self.setFormatter(DictConfigurator(config).configure_formatter(config["formatters"]["json"]))
        self.unexpected = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line."""
        line = self.format(record)
        document = msgspec.json.decode(line)
        assert "\n" not in line, line
        self.unexpected = document.get("exc_info", self.unexpected)


class Target:
    """An application for each model as the default one, all before one model server.

    A context manager: the gateway's log goes to the target alone until it is left.
    """

    def __init__(self) -> None:
        self._apps = {model: _app(model) for model in MODELS}
        self._log = Log()
        self._logger = logging.getLogger("gateway")

    def __enter__(self) -> Self:
        self._before = self._logger.level, self._logger.propagate
        self._logger.addHandler(self._log)
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self._log)
        level, self._logger.propagate = self._before
        self._logger.setLevel(level)

    def check(self, request: Request) -> int:
        """Put a request to the gateway.

        Args:
            request: The request.

        Returns:
            The reply's status.

        Raises:
            ViolationError: The reply is not what every reply has to be.
        """
        self._log.unexpected = ""
        began = time.perf_counter()
        try:
            parts, status_line, headers = run_wsgi_app(self._apps[request.model], request.environ(), buffered=True)
            status = int(status_line.split()[0])
            hold(request, status, dict(headers.items()), b"".join(parts))
            seconds = time.perf_counter() - began
            assert seconds < MOST_SECONDS, f"the reply took {seconds:.1f} s"
        except Exception as error:
            message = f"{type(error).__name__}: {error}\n{self._log.unexpected}".strip()
            raise ViolationError(request, message) from error
        return status


def _app(model: str) -> Flask:
    others = ",".join(other for other in MODELS if other != "complex")
    settings = Settings(model_name=model, model_names=others, max_body_bytes=MAX_BODY_BYTES, max_rows=MAX_ROWS)
    app = create_app(settings)
    app.extensions["model_server"]._channel = Channel(MODELS)
    return app
