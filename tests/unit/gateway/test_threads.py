import os
import select
import threading
from collections.abc import Iterator

import pytest

from gateway.worker.threads import Deferred, Threads
from tests.processes import wait_until

WAIT_SECONDS = 10


@pytest.fixture
def deferred() -> Iterator[Deferred]:
    """What threads leave to an event loop."""
    deferred = Deferred()
    deferred.init()
    yield deferred
    deferred.close()


def test_threads_do_what_comes_at_most_so_many_at_a_time() -> None:
    """All is done, by no more threads than allowed, which end when they are told to."""
    threads, gate, done = Threads(2, "test"), threading.Semaphore(0), list[str]()

    def do(_number: int) -> None:
        gate.acquire()
        done.append(threading.current_thread().name)

    for number in range(5):
        threads.submit(do, number)
    gate.release(5)
    threads.shutdown()
    wait_until(lambda: len(done) == 5, WAIT_SECONDS, "all to be done")
    assert set(done) <= {"test-0", "test-1"}
    wait_until(lambda: not any(t.name.startswith("test-") for t in threading.enumerate()), WAIT_SECONDS, "their end")


def test_without_room_for_a_first_thread_nothing_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no more threads, the first thing to do is refused, not forgotten."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError, match="new thread"):
        Threads(2, "test").submit(print)


def test_without_room_for_another_thread_the_first_does_all() -> None:
    """Where the system has no more threads than one, that one does everything."""
    threads, done = Threads(2, "test"), list[int]()
    threads.submit(done.append, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda _: (_ for _ in ()).throw(RuntimeError("no room")))
        threads.submit(done.append, 2)
    threads.shutdown()
    wait_until(lambda: done == [1, 2], WAIT_SECONDS, "both to be done")


def test_many_things_left_wake_the_loop_once(deferred: Deferred) -> None:
    """What is left is done in order, at one wake-up; what is left afterwards wakes the loop anew."""
    done = list[int]()
    for number in range(100):
        deferred.defer(done.append, number)
    assert os.read(deferred.fileno(), 10) == b"\0"
    deferred.run_callbacks(None)
    assert done == list(range(100))
    deferred.defer(done.append, 100)
    assert select.select([deferred.fileno()], [], [], 0)[0]


def test_what_is_left_while_the_loop_works_is_done_next_time(deferred: Deferred) -> None:
    """A thing that leaves another does not keep the loop from its events."""
    done = list[str]()
    deferred.defer(lambda: deferred.defer(done.append, "second"))
    deferred.run_callbacks(None)
    assert done == []
    assert select.select([deferred.fileno()], [], [], 0)[0]
    deferred.run_callbacks(None)
    assert done == ["second"]


def test_nothing_is_left_to_a_loop_that_has_ended(deferred: Deferred) -> None:
    """A thread that finishes after its worker's loop is not disturbed."""
    deferred.close()
    deferred.defer(print)
