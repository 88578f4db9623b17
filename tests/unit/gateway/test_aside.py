"""What is done aside."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gateway.aside import Aside
from tests.processes import wait_until

WAIT_SECONDS = 10


@contextmanager
def aside(
    do: Callable[[int], None], *, finishes: bool = True, max_bytes: int = 100, gather_seconds: float = 0.0
) -> Iterator[Aside[int]]:
    """Room for three items, until the block ends."""
    made = Aside(do, name="test", max_items=3, max_bytes=max_bytes, finishes=finishes, gather_seconds=gather_seconds)
    yield made
    made.close()


def test_items_are_seen_to_one_after_the_other() -> None:
    """In their order, by one thread, which begins with the first."""
    seen: list[tuple[int, str]] = []
    with aside(lambda item: seen.append((item, threading.current_thread().name))) as queue:
        assert queue._thread is None
        assert all(queue.put(number, 1) for number in range(3))
        wait_until(lambda: len(seen) == 3, WAIT_SECONDS, "the items")
    assert seen == [(0, "test"), (1, "test"), (2, "test")]


def test_items_can_be_gathered() -> None:
    """Behind the first item the thread waits for more, and sees to them in one go."""
    seen: list[float] = []
    begun = time.monotonic()
    with aside(lambda _: seen.append(time.monotonic()), gather_seconds=0.5) as queue:
        assert all(queue.put(number, 1) for number in range(3))
        wait_until(lambda: len(seen) == 3, WAIT_SECONDS, "the items")
    assert seen[0] - begun >= 0.5
    assert seen[2] - seen[0] < 0.5


@pytest.mark.parametrize(("sizes", "taken"), [([1] * 6, 4), ([60, 30, 30], 2), ([101], 0)])
def test_only_so_much_waits(sizes: list[int], taken: int) -> None:
    """Beyond the number of items, or their size, none is taken, and nobody waits; room that is free again is used."""
    goes_on, begun, seen = threading.Event(), threading.Event(), list[int]()

    def do(item: int) -> None:
        begun.set()
        goes_on.wait(WAIT_SECONDS)
        seen.append(item)

    with aside(do) as queue:
        got = []
        for number, size in enumerate(sizes):
            got.append(queue.put(number, size))
            if got[0]:
                begun.wait(WAIT_SECONDS)  # the first is in hand, and waits no more
        assert sum(got) == taken
        goes_on.set()
        wait_until(lambda: len(seen) == taken, WAIT_SECONDS, "what was taken")
        wait_until(lambda: queue.put(9, 100), WAIT_SECONDS, "room")


@pytest.mark.parametrize(("finishes", "seen"), [(True, [0, 1, 2]), (False, [0])])
def test_what_waits_at_the_end_is_done_or_dropped(finishes: bool, seen: list[int]) -> None:  # noqa: FBT001
    """A process that ends finishes what waits, where that is wished, and drops it where it is not."""
    goes_on, begun, done = threading.Event(), threading.Event(), list[int]()

    def do(item: int) -> None:
        begun.set()
        goes_on.wait(WAIT_SECONDS)
        done.append(item)

    with aside(do, finishes=finishes) as queue:
        queue.put(0, 1)
        begun.wait(WAIT_SECONDS)
        queue.put(1, 1)
        queue.put(2, 1)
        thread = queue._thread
        closing = threading.Thread(target=queue.close)
        closing.start()
        wait_until(lambda: queue._thread is None, WAIT_SECONDS, "the end to be asked for")
        goes_on.set()
        closing.join()
        assert thread is not None
        thread.join(WAIT_SECONDS)
    assert done == seen


def test_what_fails_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    """The next item is seen to all the same, and the log tells of the failures once."""
    seen: list[float] = []
    with aside(lambda item: seen.append(1 / item)) as queue:
        for item in (0, 0, 2):
            assert queue.put(item, 1)
        wait_until(lambda: seen == [0.5], WAIT_SECONDS, "the one behind")
        assert queue.put(4, 100)  # what has failed takes no room
    assert caplog.messages.count("failed aside") == 1


def test_without_a_thread_nothing_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no more threads is no reason to fail."""

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    with aside(lambda _: None) as queue:
        assert queue.put(1, 1) is False
