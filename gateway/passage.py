"""What every request passes through, whatever its route, and whether Flask answers it or not."""

import functools
import re
from collections.abc import Callable, Iterable, Sequence

from flask import Flask, Response, g, request

from gateway import admission, call, logs, problems, secure_headers
from gateway.document import Document
from gateway.exchange import Exchange, current
from gateway.logs import RequestLog

Check = Callable[[Exchange], None]


class Passage:
    """Begins requests, checks them, and completes their answers."""

    def __init__(self, checks: Sequence[Check], log: RequestLog) -> None:
        """Bring the parts together.

        Args:
            checks: What is asked of each request before its route is, in this order; they raise what refuses it.
            log: Who logs and counts them.
        """
        self._checks = checks
        self._log = log

    def check(self, exchange: Exchange) -> None:
        """Hold a request against all checks.

        Raises:
            GatewayError: One refuses it.
        """
        for check in self._checks:
            check(exchange)

    def answer(self, exchange: Exchange, ask: Callable[[], Document]) -> Document:
        """Answer a request that has begun.

        Args:
            exchange: The request.
            ask: Asks its route.

        Returns:
            The answer: the route's, or why there is none.
        """
        try:
            self.check(exchange)
            document = ask()
        except Exception as error:  # noqa: BLE001  # whatever it is, the client is told
            document = problems.refusal(exchange, error)
        try:
            document.headers += self.end(exchange, document.status, document.headers)
        except Exception as error:  # noqa: BLE001  # of what is done for the request beside its answer
            document = problems.refusal(exchange, error)
            document.headers += _headers(exchange, document.headers)
        return document

    def end(self, exchange: Exchange, status: int, headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Tell of a request whose answer is made.

        Args:
            exchange: The request.
            status: Its answer's status.
            headers: Its answer's headers.

        Returns:
            Further headers for the answer.
        """
        self._log.end(exchange, status)
        return _headers(exchange, headers)

    def register(self, app: Flask) -> None:
        """Let every request that Flask answers pass through here.

        Args:
            app: The application.
        """

        def begin() -> None:
            rule = request.url_rule
            g.exchange = admission.begin(request.environ, plain(rule.rule) if rule else None)
            self.check(g.exchange)

        def end(response: Response) -> Response:
            response.headers.extend(self.end(current(), response.status_code, list(response.headers)))
            return response

        app.before_request(begin)
        app.register_error_handler(Exception, lambda error: problems.refusal(current(), error))
        app.after_request(end)
        app.teardown_request(lambda _: call.begin(None))


def _headers(exchange: Exchange, own: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return logs.headers(exchange) + secure_headers.missing(own)


@functools.cache
def plain(pattern: str) -> str:
    """A route's pattern without its converters: `/v1/models/<model>:predict`."""
    return re.sub(r"<[^<>]*:(\w+)>", r"<\1>", pattern)
