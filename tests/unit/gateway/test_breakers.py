"""Circuit breakers: who may try when."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest

from gateway.breakers import UNTRIED, Breakers

ROUNDS = 50
MOST = 8


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that a test sets."""

    def at(seconds: float) -> None:
        monkeypatch.setattr("gateway.breakers.time.monotonic", lambda: seconds)

    at(0.0)
    return at


def closed() -> Breakers:
    """A breaker that has been tried and lets all try."""
    found = Breakers(MOST)
    with found.attempt("m") as attempt:
        assert attempt is not None
        attempt.worked = True
    return found


def fail(tried: Breakers, reason: str = "error") -> None:
    """Fail an attempt."""
    with tried.attempt("m") as attempt:
        assert attempt is not None
        attempt.failed = reason


def may_try(tried: Breakers, despite: tuple[str, ...] = ()) -> bool:
    """Whether a request may try; it says nothing of what becomes of it."""
    with tried.attempt("m", despite=despite) as attempt:
        return attempt is not None


def test_a_failure_is_left_alone_for_a_second(clock: Callable[[float], None]) -> None:
    """Nobody may try until the second is over, and another model has a breaker of its own."""
    tried = closed()
    fail(tried)
    clock(0.99)
    assert not may_try(tried)
    with tried.attempt("other") as attempt:
        assert attempt is not None
    clock(1.0)
    assert may_try(tried)


def test_one_of_many_tries(clock: Callable[[float], None]) -> None:
    """Of requests that come at once, exactly one may, at the beginning as after each pause; when it worked, all may."""
    tried, together = Breakers(MOST), Barrier(8)

    def attempt_together(*, works: bool) -> bool:
        with tried.attempt("m") as attempt:
            together.wait()
            if attempt is not None:
                attempt.worked, attempt.failed = works, "" if works else "error"
            return attempt is not None

    with ThreadPoolExecutor(8) as pool:
        for number in range(ROUNDS):
            clock(2.0 * number)
            found = list(pool.map(lambda _: attempt_together(works=False), range(8)))
            assert found.count(True) == 1
        clock(2.0 * ROUNDS)
        assert list(pool.map(lambda _: attempt_together(works=True), range(8))).count(True) == 1
        assert list(pool.map(lambda _: attempt_together(works=True), range(8))).count(True) == 8


def test_a_late_success_does_not_close_it() -> None:
    """What began before the failure says nothing of the time since."""
    tried = closed()
    with tried.attempt("m") as late:
        assert late is not None
        fail(tried)
        late.worked = True
    assert not may_try(tried)


@pytest.mark.usefixtures("clock")
def test_no_more_try_than_may() -> None:
    """A breaker that is closed lets so many try at a time, and the next when one of them has come to an end."""
    tried = closed()
    with ExitStack() as attempts:
        for _ in range(MOST):
            assert attempts.enter_context(tried.attempt("m")) is not None
        assert not may_try(tried)
        assert not may_try(tried, despite=("absent",))
    assert may_try(tried)


def test_none_begins_while_one_has_waited_for_long(clock: Callable[[float], None]) -> None:
    """What hangs is not waited for by more and more, though nobody knows yet that it hangs."""
    tried = closed()
    with tried.attempt("m"):
        clock(0.25)
        assert may_try(tried)
        clock(0.26)
        assert not may_try(tried)
    assert may_try(tried)


def test_an_error_now_and_then_opens_nothing(clock: Callable[[float], None]) -> None:
    """Three in a row do, of failures that may be the request's own; an answer between them begins anew."""
    tried = closed()

    def attempt(*, works: bool) -> None:
        with tried.attempt("m") as attempt:
            assert attempt is not None
            attempt.worked, attempt.failed, attempt.surely = works, "" if works else "error", False

    for works in (False, False, True, False, False):
        attempt(works=works)
        assert may_try(tried)
    attempt(works=False)
    assert not may_try(tried)
    clock(1.0)
    attempt(works=False)  # the trial: one is enough
    assert not may_try(tried)


def test_what_is_long_over_is_forgotten(clock: Callable[[float], None]) -> None:
    """Models that failed once and are not asked for any more take no memory."""
    tried = Breakers(MOST)
    for number in range(10):
        with tried.attempt(f"model-{number}") as attempt:
            assert attempt is not None
            attempt.failed = "error"
    assert len(tried._states) == 10
    clock(62.0)
    fail(tried)
    assert list(tried._states) == ["m"]


def test_an_exception_frees_the_trial(clock: Callable[[float], None]) -> None:
    """A trial that ends in something unforeseen lets the next request try."""
    tried = closed()
    fail(tried)
    clock(1.0)
    with pytest.raises(ZeroDivisionError), tried.attempt("m"):
        raise ZeroDivisionError
    assert may_try(tried)


def test_some_are_not_held_up(clock: Callable[[float], None]) -> None:
    """Whoever may try despite a reason tries beside the trial, and leaves nothing behind unless it fails."""
    tried = Breakers(MOST)
    assert may_try(tried, despite=(UNTRIED,))
    assert tried._states == {}
    fail(tried, "absent")
    assert not may_try(tried)
    assert may_try(tried, despite=("absent",))
    assert not may_try(tried, despite=("golden",))
    clock(1.0)
    with tried.attempt("m"):
        assert may_try(tried, despite=("absent",))
        assert not may_try(tried)
