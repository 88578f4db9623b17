"""The version that answers whoever names none: the one labelled `stable`, or else the newest."""

import contextlib
from dataclasses import dataclass

import grpc

from gateway.errors import ModelServerError, UnknownLabelError
from gateway.model_server import ModelServer
from gateway.servable import Servable
from gateway.signature import CANARY, NEWEST, STABLE, Selector
from gateway.versions import Versions


@dataclass(frozen=True)
class Found:
    """A servable, and what it was found by.

    Attributes:
        servable: The version.
        selector: What it was found by. Another version may be found by it later, or on another of several servers.
    """

    servable: Servable
    selector: Selector

    @property
    def label(self) -> str | None:
        """The label that it was found by; None where it was its number, or its being the newest."""
        return self.selector.label


class Default:
    """Finds the default version of models."""

    def __init__(self, server: ModelServer, versions: Versions) -> None:
        """Bring the parts together.

        Args:
            server: The model server.
            versions: All versions that were met.
        """
        self._server = server
        self._versions = versions

    def find(self, model: str) -> Found:
        """Ask the model server for the default version.

        A stable version that is not loaded, or does not reproduce its golden examples, is stood in for by the newest
        other one that does; never by the one labelled `canary`, which is on trial. The same goes for the newest
        version of a model without labels.

        Args:
            model: The model's name.

        Returns:
            The version; one that may not be served, if there is none to stand in for it.

        Raises:
            ModelServerError: The model server fails to say, or has no such model.
        """
        try:
            found = Found(self._versions.ask(model, STABLE), STABLE)
        except UnknownLabelError:
            found = Found(self._newest(model), NEWEST)
        except ModelServerError as error:
            if error.code is not grpc.StatusCode.NOT_FOUND:
                raise
            if stand_in := self._stand_in(model):
                return stand_in
            # It has a stable version, which is being loaded: the model is not missing.
            raise ModelServerError(grpc.StatusCode.UNAVAILABLE, error.cause or "") from error
        return found if not found.servable.refusal else (self._stand_in(model) or found)

    def _newest(self, model: str) -> Servable:
        """The newest version of a model without the label `stable`, the canary left out."""
        newest = self._versions.ask(model, NEWEST)
        self._versions.forget_newer(model, newest.version)
        if newest.version != self._canary(model):
            return newest
        if stand_in := self._stand_in(model):
            return stand_in.servable
        raise ModelServerError(grpc.StatusCode.UNAVAILABLE, f"of {model} there is a canary, and no other version")

    def _stand_in(self, model: str) -> Found | None:
        """The newest version that may be served, but for the canary."""
        versions = self._server.available_versions(model)
        canary = self._canary(model)  # after the versions: whatever among them is on trial has the label by now
        for version in versions:
            if version == canary:
                continue
            with contextlib.suppress(ModelServerError):  # the version has gone meanwhile
                servable = self._versions.ask(model, Selector(version=version))
                if not servable.refusal:
                    return Found(servable, servable.selector)
        return None

    def _canary(self, model: str) -> int | None:
        try:
            return self._server.metadata(model, CANARY).version
        except ModelServerError as error:
            if error.code is not grpc.StatusCode.NOT_FOUND:
                raise
            return None
