"""Circuit breakers: who may try when."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from gateway.breakers import UNTRIED, Breakers

ROUNDS = 50


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that a test sets."""

    def at(seconds: float) -> None:
        monkeypatch.setattr("gateway.breakers.time.monotonic", lambda: seconds)

    at(0.0)
    return at


def closed() -> Breakers:
    """A breaker that has been tried and lets all try."""
    found = Breakers()
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
    tried, together = Breakers(), Barrier(8)

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


def test_a_late_failure_lets_no_second_one_try(clock: Callable[[float], None]) -> None:
    """While the trial is on its way, the failure of one that began before the pause changes nothing for the others."""
    tried = closed()
    with tried.attempt("m") as late:
        fail(tried)
        clock(1.0)
        with tried.attempt("m") as trial:
            assert late is not None
            assert trial is not None
            late.failed = "error"
            tried._end("m", late)
            clock(9.0)
            assert not may_try(tried)
            trial.worked = True
    assert not may_try(tried), "the late failure, ending again, is the last that was heard"


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
    tried = Breakers()
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
