"""A chunk of requests, reproducible on its own."""

import os
import random
from collections import Counter
from pathlib import Path

import msgspec

from tests.fuzz.mutations import Mutator
from tests.fuzz.seeds import seeds
from tests.fuzz.target import Target

Counts = Counter[tuple[str, int]]


def run(seed: str, count: int, kept: Path | None = None) -> Counts:
    """Make requests and put them to the gateway.

    Args:
        seed: The same seed makes the same requests.
        count: How many.
        kept: A file for each request before it is put: should the process die of one, that is where it stands. It is
            gone when the chunk has come to its end.

    Returns:
        How many there were, by route and status.

    Raises:
        ViolationError: A reply is not what every reply has to be; the first such.
    """
    mutator = Mutator(random.Random(seed), seeds())  # noqa: S311 - nothing is kept secret here
    counts: Counts = Counter()
    with Target() as target, (kept or Path(os.devnull)).open("wb", buffering=0) as file:
        for _ in range(count):
            request = mutator.request()
            if kept:
                content = msgspec.json.encode(request)
                os.pwrite(file.fileno(), content, 0)
                file.truncate(len(content))
            counts[request.route, target.check(request)] += 1
    if kept:
        kept.unlink()
    return counts
