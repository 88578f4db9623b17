"""All model servers of a release together: each has to follow, and may take its time."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from src.cli import check_signals
from src.errors import ReleaseError, UnreachableError
from src.release.servers import Server

T = TypeVar("T")
PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Fleet:
    """The servers that answered when the command began.

    Attributes:
        servers: Nobody where no server runs.
        timeout_seconds: How long they may take over each step; one that is restarted meanwhile has that time as well.
    """

    servers: Sequence[Server]
    timeout_seconds: float

    def ask(self, question: Callable[[Server], T]) -> list[T]:
        """Put a question to every server.

        Args:
            question: Asks one.

        Returns:
            The answers, in the servers' order.

        Raises:
            UnreachableError: One does not come back in time.
            ReleaseError: `question` raises it.
        """
        deadline = time.monotonic() + self.timeout_seconds
        return [self._answer(server, question, deadline) for server in self.servers]

    def wait(self, holds: Callable[[Server], bool], what: str, explain: Callable[[Server], str]) -> None:
        """Wait until something holds for every server.

        Args:
            holds: Asks one.
            what: What is waited for, for the message.
            explain: What is known of one for which it does not hold, for the message.

        Raises:
            ReleaseError: It does not hold in time.
        """
        deadline = time.monotonic() + self.timeout_seconds
        for server in self.servers:
            while not self._answer(server, holds, deadline):
                if time.monotonic() > deadline:
                    who = f"the model server {server.address}"
                    waited = f"waited {self.timeout_seconds:g} s in vain for {what} by {who}"
                    with contextlib.suppress(UnreachableError):
                        waited += explain(server)
                    raise ReleaseError(waited)
                _pause()

    def has(self, model: str, version: int) -> bool:
        """Whether every server can answer by a version."""
        return all(self.ask(lambda server: is_available(server, model, version)))

    def _answer(self, server: Server, question: Callable[[Server], T], deadline: float) -> T:
        while True:
            try:
                return question(server)
            except UnreachableError:
                if time.monotonic() > deadline:
                    raise
                _pause()


def _pause() -> None:
    time.sleep(PAUSE_SECONDS)
    check_signals()


def is_available(server: Server, model: str, version: int) -> bool:
    """Whether a server can answer by a version.

    Raises:
        UnreachableError: The server does not answer.
        ReleaseError: It answers with an error.
    """
    status = server.states(model).get(version)
    return status is not None and status.is_available
