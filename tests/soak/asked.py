"""A question of a client's: what is sent, and what its answer has to be."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

import msgspec

NOWHERE = "nowhere"  # how all names begin that nothing has: not one may come back in the metrics
_TOLERANCE = 1e-5  # of a float32, relative and absolute


@dataclass(frozen=True)
class Asked:
    """A question, yet without what a connection adds.

    Attributes:
        kind: What kind it is, for the counts.
        path: Where it goes.
        body: What is posted.
        status: The status that its answer has to have.
        check: Whether the answer's JSON is right; left out, any body is.
        media_type: The body's.
        method: The HTTP method.
    """

    kind: str
    path: str
    body: bytes = b""
    status: int = 200
    check: Callable[[Any], bool] | None = None
    media_type: str = "application/json"
    method: str = "POST"

    def is_answer(self, status: int, body: bytes) -> bool:
        """Whether an answer is what it has to be.

        Raises:
            msgspec.DecodeError: It is not even JSON, where it has to be.
            LookupError, TypeError, ValueError: Its JSON has another form than it has to have.
        """
        if status != self.status:
            return False
        return self.check is None or self.check(msgspec.json.decode(body))


class Draw:
    """What a question is made of; equal generators draw the same."""

    def __init__(self, random_: random.Random) -> None:
        """Take the generator."""
        self.random = random_

    def number(self) -> float:
        """A number between -8 and 8; a third lies beyond what the cards have seen."""
        return round(self.random.uniform(-8, 8), 3)

    def numbers(self, least: int, most: int) -> list[float]:
        """Between so few and so many numbers."""
        return [self.number() for _ in range(self.random.randint(least, most))]

    def name(self) -> str:
        """A name that nothing has, another one each time."""
        return f"{NOWHERE}_{self.random.getrandbits(64):x}"


def equal(given: Sequence[float], expected: Sequence[float]) -> bool:
    """Whether as many numbers are given as expected, and each within a float32's tolerance.

    Raises:
        ValueError: There are more or fewer.
    """
    pairs = zip(given, expected, strict=True)
    return all(isclose(a, b, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE) for a, b in pairs)
