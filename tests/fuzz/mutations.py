"""Makes requests from valid ones: mostly another body, now and then another header, path or method."""

import random
import re
from collections.abc import Sequence

import msgspec

from gateway.oip import LENGTH_HEADER
from tests.fuzz.bodies import Bodies
from tests.fuzz.headers import HEADERS, METHODS, SEGMENTS
from tests.fuzz.request import Request
from tests.fuzz.served import MODELS
from tests.fuzz.shapes import reshaped

WEIGHTS = {"POST": 10, "GET": 1}  # of the methods; what reads a body is worth more


class Mutator:
    """Makes requests."""

    def __init__(self, rng: random.Random, seeds: Sequence[Request]) -> None:
        """Begin.

        Args:
            rng: What all choices come from: in the same state, it makes the same requests.
            seeds: What to begin with.
        """
        self._rng = rng
        self._bodies = Bodies(rng, [seed.body for seed in seeds if seed.method == "POST"])
        self._routes: dict[str, list[Request]] = {}
        for seed in seeds:
            self._routes.setdefault(seed.route, []).append(seed)
        self._weights = [WEIGHTS[route.partition(" ")[0]] for route in self._routes]

    def request(self) -> Request:
        """The next request."""
        rng = self._rng
        (route,) = rng.choices(list(self._routes), self._weights)
        request = rng.choice(self._routes[route])
        reshape = "/v2" in route and rng.random() < 0.15
        if reshape:
            request = reshaped(rng, request)
        if request.method == "POST" and not (reshape and rng.random() < 0.5):
            request = self._with_body(request)
        if rng.random() < 0.08:
            request = self._with_headers(request)
        if rng.random() < 0.05:
            request = msgspec.structs.replace(request, path=self._path(request.path))
        if rng.random() < 0.02:
            request = msgspec.structs.replace(request, method=rng.choice(METHODS))
        return request

    def _with_body(self, request: Request) -> Request:
        """Change the JSON, the bytes behind it or both; the length of the JSON mostly stays true."""
        length = int(request.headers.get(LENGTH_HEADER, len(request.body)))
        text, content = request.body[:length], request.body[length:]
        if not content or self._rng.random() < 0.7:
            text = self._bodies.json(text)
        if content and self._rng.random() < 0.5:
            content = self._bodies.raw(content)
        headers = request.headers
        if LENGTH_HEADER in headers:
            headers = headers | {LENGTH_HEADER: str(len(text) + self._rng.choice((0,) * 30 + (-1, 1, 4)))}
        return msgspec.structs.replace(request, headers=headers, body=text + content)

    def _with_headers(self, request: Request) -> Request:
        headers = dict(request.headers)
        for name in self._rng.sample(list(HEADERS), self._rng.choice((1, 1, 2))):
            headers[name] = self._rng.choice(HEADERS[name])
        return msgspec.structs.replace(request, headers=headers)

    def _path(self, path: str) -> str:
        rng = self._rng
        if rng.random() < 0.3:
            return "/" + self._bodies.raw(path[1:])
        segments = re.split("([/:])", path)
        place = rng.randrange(1, len(segments))
        segments[place] = rng.choice(
            (*SEGMENTS, *MODELS, "", "/", "?" + segments[place], "/" + segments[place], "1" * 4000)
        )
        return "/" + "".join(segments)[1:]
