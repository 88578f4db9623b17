"""What clients ask, without end: all kinds of questions, in their proportions."""

import random
from collections.abc import Callable, Iterator

from tests.soak import answered, refused
from tests.soak.asked import Asked, Draw

# How many of five hundred.
_SHARES: list[tuple[Callable[[Draw], Asked], int]] = [
    (answered.one, 160),
    (answered.rows, 80),
    (answered.thousand_rows, 1),
    (answered.v1, 70),
    (answered.v2, 50),
    (answered.v1_offers, 30),
    (answered.v2_offers, 20),
    (answered.ready, 5),
    (answered.metrics, 1),
    (answered.about, 8),
    (answered.openapi, 1),
    (answered.page, 2),
    (refused.no_json, 12),
    (refused.another_media_type, 2),
    (refused.unfit, 20),
    (refused.unknown_category, 6),
    (refused.unknown_model, 14),
    (refused.unknown_version, 8),
    (refused.unknown_path, 8),
    (refused.another_method, 2),
]


def questions(random_: random.Random) -> Iterator[Asked]:
    """Deal all kinds, shuffled, again and again, so that none is met late.

    Args:
        random_: Equal generators make equal questions.

    Yields:
        Questions, without end.
    """
    draw = Draw(random_)
    deck = [kind for kind, share in _SHARES for _ in range(share)]
    while True:
        random_.shuffle(deck)
        for kind in deck:
            yield kind(draw)
