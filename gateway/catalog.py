"""The versions in force: by model and selector, learnt from the model server, followed when another takes over."""

import math
import threading
import time
from dataclasses import dataclass

import grpc

from gateway import call
from gateway.default import Default, Found
from gateway.errors import ModelServerError, NotGoldenError
from gateway.model_server import ModelServer
from gateway.servable import Servable
from gateway.signature import DEFAULT, Selector
from gateway.versions import Versions

# How long a version is taken for the one in force without asking: a takeover is to cost a second at most, its first
# request's included, and two small calls a second and worker cost nothing.
RECHECK_SECONDS = 0.5
FORGET_SECONDS = 60.0  # versions and labels come and go; what was not asked for so long is learnt anew


@dataclass
class _Known:
    """What a selector stands for, and when that was last asked; in the future while a thread asks."""

    checked: float
    found: Found


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
        self.versions = Versions(server, max_rows=max_rows)
        self._default = Default(server, self.versions)
        self._known: dict[tuple[str, Selector], _Known] = {}
        self._lock = threading.Lock()

    def knows(self, model: str) -> bool:
        """Whether the model server has told a default version of a model lately, be it one that is not served."""
        return (model, DEFAULT) in self._known

    def servable(self, model: str, selector: Selector = DEFAULT) -> Servable:
        """The version in force, as for `find`."""
        return self.find(model, selector).servable

    def find(self, model: str, selector: Selector = DEFAULT) -> Found:
        """The version in force, at most RECHECK_SECONDS old as long as the model server answers.

        While one thread asks whether a known version is still in force, the others go on with it. If the model server
        fails to say, so does that thread: the prediction itself will tell what is wrong. That a label is gone, it says.

        Args:
            model: The model's name.
            selector: Which version.

        Returns:
            The servable, and what it was found by.

        Raises:
            ModelServerError: Nothing is known of it, and the model server fails to say; or the label is gone.
            NotGoldenError: It does not reproduce its golden examples, and there is none to fall back to.
        """
        known = self._known.get((model, selector))
        if known is not None and not self._is_mine_to_check(known):
            return _served(known.found)
        try:
            return self.learn(model, selector)
        except NotGoldenError:
            raise
        except ModelServerError as error:
            # Of what is not supported, no prediction would tell.
            if known is None or not known.found.servable.is_supported or _is_gone(selector, error):
                raise
            return _served(known.found)
        finally:
            if known is not None:  # a request whose time is over has found out nothing: the next one is to ask
                known.checked = time.monotonic() if call.current().remaining_seconds > 0 else -math.inf

    def learn(self, model: str, selector: Selector = DEFAULT) -> Found:
        """Ask the model server for the version in force.

        A version that does not reproduce its golden examples is not served: whoever asked for no particular one gets
        another, as `Default` has it.

        Args:
            model: The model's name.
            selector: Which version.

        Returns:
            The servable, the one known already if it is still in force, and what it was found by.

        Raises:
            ModelServerError: The model server fails to say.
            NotGoldenError: It does not reproduce its golden examples, and there is none to fall back to.
        """
        try:
            found = self._ask(model, selector)
        except ModelServerError as error:
            if _is_gone(selector, error):
                with self._lock:
                    self._known.pop((model, selector), None)
            raise
        with self._lock:
            now = time.monotonic()
            self._known[model, selector] = _Known(now, found)
            self._known = {k: v for k, v in self._known.items() if now - v.checked < FORGET_SECONDS}
        return _served(found)

    def _ask(self, model: str, selector: Selector) -> Found:
        if selector == DEFAULT:
            return self._default.find(model)
        return Found(self.versions.ask(model, selector), selector)

    def _is_mine_to_check(self, known: _Known) -> bool:
        with self._lock:
            now = time.monotonic()
            if now - known.checked < RECHECK_SECONDS:
                return False
            known.checked = math.inf  # one thread at a time asks, however long it takes
            return True


def _is_gone(selector: Selector, error: ModelServerError) -> bool:
    """Whether a label stands for no loaded version any more. A number may be on another of several servers."""
    return selector.label is not None and error.code is grpc.StatusCode.NOT_FOUND


def _served(found: Found) -> Found:
    servable = found.servable
    if not servable.refusal:
        return found
    what = f"Version {servable.version} of model {servable.model!r}"
    raise NotGoldenError(f"{what} does not reproduce its golden examples, so it is not served.")
