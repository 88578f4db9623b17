"""The versions in force: by model and selector, learnt from the model server, followed when another takes over."""

import contextlib
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import grpc

from gateway.errors import ModelServerError, NotGoldenError
from gateway.model_server import ModelServer
from gateway.servable import Servable
from gateway.signature import NEWEST, STABLE, Selector
from gateway.versions import Versions

# How long a version is taken for the one in force without asking: a takeover is to cost a second at most, its first
# request's included, and two small calls a second and worker cost nothing.
RECHECK_SECONDS = 0.5
FORGET_SECONDS = 60.0  # versions and labels come and go; what was not asked for so long is learnt anew


@dataclass
class _Known:
    """Which servable a selector stands for, and when that was last asked; in the future while a thread asks."""

    checked: float
    servable: Servable


class Catalog:
    """Servables by model and selector.

    Attributes:
        versions: All versions that were met, the refused ones among them.
    """

    def __init__(self, server: ModelServer, *, max_rows: int) -> None:
        """Start empty.

        Args:
            server: Whom to ask.
            max_rows: The most instances in a request.
        """
        self._server = server
        self.versions = Versions(server, max_rows=max_rows)
        self._known: dict[tuple[str, Selector], _Known] = {}
        self._lock = threading.Lock()

    def servable(self, model: str, selector: Selector = NEWEST) -> Servable:
        """The version in force, at most RECHECK_SECONDS old as long as the model server answers.

        While one thread asks whether a known version is still in force, the others go on with it. If the model server
        fails to say, so does that thread: the prediction itself will tell what is wrong.

        Args:
            model: The model's name.
            selector: Which version.

        Returns:
            The servable.

        Raises:
            ModelServerError: Nothing is known of it, and the model server fails to say.
            NotGoldenError: It does not reproduce its golden examples, and there is none to fall back to.
        """
        known = self._known.get((model, selector))
        if known is not None and not self._is_mine_to_check(known):
            return _served(known.servable)
        try:
            return self.learn(model, selector)
        except NotGoldenError:
            raise
        except ModelServerError:
            if known is None or not known.servable.is_supported:  # there, no prediction would tell
                raise
            return _served(known.servable)
        finally:
            if known is not None:
                known.checked = time.monotonic()

    def learn(self, model: str, selector: Selector = NEWEST) -> Servable:
        """Ask the model server for the version in force.

        A version that does not reproduce its golden examples is not served: whoever asked for no particular one gets
        the one labelled `stable`, or else the newest that does.

        Args:
            model: The model's name.
            selector: Which version.

        Returns:
            The servable; the one known already, if it is still in force.

        Raises:
            ModelServerError: The model server fails to say.
            NotGoldenError: It does not reproduce its golden examples, and there is none to fall back to.
        """
        servable = self._meet(model, selector)
        if selector == NEWEST:
            self.versions.forget_newer(model, servable.version)
        if servable.refusal and selector == NEWEST:
            servable = self._fallback(servable)
        with self._lock:
            now = time.monotonic()
            self._known[model, selector] = _Known(now, servable)
            self._known = {k: v for k, v in self._known.items() if now - v.checked < FORGET_SECONDS}
        return _served(servable)

    def _meet(self, model: str, selector: Selector) -> Servable:
        """The servable; a version that is replaced while it is read is none that is missing."""
        try:
            return self.versions.meet(model, self._server.metadata(model, selector))
        except ModelServerError as error:
            if error.code is not grpc.StatusCode.NOT_FOUND:
                raise
        return self.versions.meet(model, self._server.metadata(model, selector))

    def _fallback(self, refused: Servable) -> Servable:
        """What stands in for a version that may not be served; itself, if there is nothing."""
        for other in self._others(refused):
            with contextlib.suppress(ModelServerError):  # there is no such label, or the version has gone meanwhile
                servable = self._meet(refused.model, other)
                if not servable.refusal:
                    return servable
        return refused

    def _others(self, refused: Servable) -> Iterator[Selector]:
        """What could stand in for a version: what is labelled stable, then the others from the newest on."""
        yield STABLE
        for version in self._server.available_versions(refused.model):
            if version != refused.version:
                yield Selector(version=version)

    def _is_mine_to_check(self, known: _Known) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - known.checked < RECHECK_SECONDS:
                return False
            known.checked = math.inf  # one thread at a time asks, however long it takes
            return True


def _served(servable: Servable) -> Servable:
    if not servable.refusal:
        return servable
    what = f"Version {servable.version} of model {servable.model!r}"
    raise NotGoldenError(f"{what} does not reproduce its golden examples, so it is not served.")
