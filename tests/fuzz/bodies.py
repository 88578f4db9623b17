"""Changes to a body: to its JSON value by value, so that most of it stays JSON, now and then to its tokens or bytes."""

import random
import re
from collections.abc import Sequence

from tests.fuzz.trouble import EDGES, NAMES, NO_JSON, trouble

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.\w]+|\s+|.', re.DOTALL)
ENDS = {",", ":", "]", "}"}  # what no value begins with
WRAPS = [("[", "]"), ("[[", "]]"), ('{"b64":', "}"), ('{"x":', "}"), ('"', '"')]
DEEP = [("[", "]"), ('{"a":', "}"), ("[", "")]


class Bodies:
    """Makes bodies from valid ones; each character stands for one byte."""

    def __init__(self, rng: random.Random, bodies: Sequence[str]) -> None:
        """Begin.

        Args:
            rng: What all choices come from.
            bodies: Valid bodies, whose parts get into others.
        """
        self._rng = rng
        self._values = [TOKEN.findall(body) for body in bodies]
        self._changes = [
            *[self._trouble] * 6,
            *[self._splice] * 2,
            self._repeat,
            self._wrap,
            self._deepen,
            self._tokens,
        ]

    def json(self, text: str) -> str:
        """Another JSON text, or what is nearly one."""
        kind = self._rng.random()
        if kind < 0.01:
            return self._rng.randbytes(self._rng.randrange(64)).decode("latin-1")
        if kind < 0.1:
            return self.raw(text)
        tokens = TOKEN.findall(text)
        for _ in range(self._rng.choice((1, 1, 1, 1, 2, 3, 5))):
            start, end = self._value(tokens)
            if tokens[end : end + 1] == [":"] and self._rng.random() < 0.9:
                tokens[start:end] = [f'"{self._rng.choice(NAMES)}"']
            elif self._rng.random() < 0.05:
                self._remove(tokens, start, end)
            else:
                tokens[start:end] = self._rng.choice(self._changes)(tokens[start:end])
        return "".join(tokens)

    def raw(self, text: str) -> str:
        """Other bytes: single ones changed, some put in or left out, the rest cut off."""
        rng, content = self._rng, bytearray(text, "latin-1")
        for _ in range(rng.choice((1, 1, 2, 8))):
            place = rng.randrange(len(content) + 1)
            match rng.randrange(5):
                case 0 if place < len(content):
                    content[place] ^= 1 << rng.randrange(8)
                case 1:
                    content[place:place] = rng.randbytes(rng.choice((1, 1, 4, 100)))
                case 2:
                    del content[place : place + rng.choice((1, 1, 4, 100))]
                case 3 if rng.random() < 0.3:
                    del content[place:]
                case 4:
                    edge = rng.choice(EDGES)
                    place -= place % len(edge)
                    content[place : place + len(edge)] = edge
        return content.decode("latin-1")

    def _value(self, tokens: Sequence[str]) -> tuple[int, int]:
        """Where a value begins and ends: one token, or an array or object from bracket to bracket; or the empty end."""
        starts = [index for index, part in enumerate(tokens) if part not in ENDS]
        if not starts:
            return len(tokens), len(tokens)
        start = end = self._rng.choice(starts)
        depth = 0
        while end < len(tokens):
            depth += (tokens[end] in "[{") - (tokens[end] in "]}")
            end += 1
            if depth <= 0:
                break
        return start, end

    def _trouble(self, _value: list[str]) -> list[str]:
        return [trouble(self._rng)]

    def _splice(self, _value: list[str]) -> list[str]:
        """A value of another body."""
        other = self._rng.choice(self._values)
        start, end = self._value(other)
        return other[start:end]

    def _remove(self, tokens: list[str], start: int, end: int) -> None:
        """Leave out a value, its name and a comma beside it."""
        if tokens[start - 1 : start] == [":"]:
            start -= 2
        if tokens[end : end + 1] == [","]:
            end += 1
        elif tokens[start - 1 : start] == [","]:
            start -= 1
        del tokens[start:end]

    def _repeat(self, value: list[str]) -> list[str]:
        """A member twice, rows too many, a body too large."""
        return [*value, *[",", *value] * self._rng.choice((1, 1, 2, 49, 60, 2000))]

    def _wrap(self, value: list[str]) -> list[str]:
        before, after = self._rng.choice(WRAPS)
        return [before, *value, after]

    def _deepen(self, value: list[str]) -> list[str]:
        levels = self._rng.choice((2, 10, 500, 1000, 3000))
        before, after = self._rng.choice(DEEP)
        return [before * levels, *value, after * levels]

    def _tokens(self, value: list[str]) -> list[str]:
        """What is no JSON any more: a token at the wrong place."""
        value.insert(self._rng.randrange(len(value) + 1), self._rng.choice(NO_JSON))
        return value
