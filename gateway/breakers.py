"""Circuit breakers: what has just failed is left alone, and then tried again by one request at a time."""

import math
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PAUSE_SECONDS = 1.0
UNTRIED = "untried"


@dataclass
class _State:
    """How it stands with a model.

    Attributes:
        reason: Why not all requests may try; empty if they may.
        ends: Until when none may; after that, one may.
        tried: Whether that one is at it.
    """

    reason: str = UNTRIED
    ends: float = -math.inf
    tried: bool = False


@dataclass
class Attempt:
    """One request's attempt, and what becomes of it. One that neither worked nor failed lets the next request try.

    Attributes:
        reason: Why it is the only one that may try; empty if it is one of many.
        worked: Whether what was tried does what it should.
        failed: Why it does not.
    """

    reason: str = ""
    worked: bool = False
    failed: str = ""


class Breakers:
    """A circuit breaker a model: closed, all may try; open, nobody; half open, one request while the others may not.

    At first they are half open, so that what hangs from the beginning holds up one request and not all.
    """

    def __init__(self) -> None:
        """Start."""
        self._states: dict[str, _State] = {}
        self._lock = threading.Lock()

    @contextmanager
    def attempt(self, model: str, *, despite: Collection[str] = ()) -> Iterator[Attempt | None]:
        """Let a request try, if it may.

        Args:
            model: The model's name.
            despite: Reasons that do not hold this request up; UNTRIED may be one. What it does then is kept only if it
                fails.

        Yields:
            The attempt, in which the request states what becomes of it; None if it may not try.
        """
        attempt = self._begin(model, despite)
        try:
            yield attempt
        finally:
            if attempt is not None:
                self._end(model, attempt)

    def _begin(self, model: str, despite: Collection[str]) -> Attempt | None:
        with self._lock:
            state = self._states.get(model) or _State()
            if not state.reason or state.reason in despite:
                return Attempt()
            if state.tried or time.monotonic() < state.ends:
                return None
            state.tried, self._states[model] = True, state
            return Attempt(state.reason)

    def _end(self, model: str, attempt: Attempt) -> None:
        with self._lock:
            state = self._states.get(model) or _State()
            if attempt.reason:
                state.tried = False
            if attempt.failed:
                state.reason, state.ends = attempt.failed, time.monotonic() + PAUSE_SECONDS
                self._states[model] = state
            elif attempt.reason and attempt.worked:  # what began before a failure says nothing of the time since
                state.reason = ""
