"""Whether the configured models can answer."""

from collections.abc import Sequence

from gateway.catalog import Catalog
from gateway.errors import ModelServerError, NotReadyError
from gateway.model_server import ModelServer


class Readiness:
    """Whether those who send requests here can count on an answer.

    Attributes:
        models: The configured models, the default first.
    """

    def __init__(self, server: ModelServer, catalog: Catalog, models: Sequence[str]) -> None:
        """Bring the parts together.

        Args:
            server: The model server.
            catalog: The models' versions.
            models: The configured models.
        """
        self._server = server
        self._catalog = catalog
        self.models = models

    def check(self) -> dict[str, list[int]]:
        """Hold all models to what makes a gateway ready.

        Returns:
            The versions of each model that can answer, the newest first.

        Raises:
            NotReadyError: A model has no available version, none that reproduces its golden examples, or one that this
                gateway cannot speak for; names the first such model.
        """
        found = {}
        for model in self.models:
            try:
                available = self._server.available_versions(model)
                if available:
                    self._catalog.learn(model).servable.contract()  # what is known may have gone since, or be refused
                found[model] = self._not_refused(model, available)
            except ModelServerError as error:
                raise NotReadyError(f"Model {model!r}: {error.detail}", cause=error.cause) from error
            if not found[model]:
                raise NotReadyError(f"Model {model!r} has no version that is available.")
        return found

    def versions(self, model: str) -> list[int]:
        """A model's versions that are loaded and were not refused, the newest first.

        Raises:
            ModelServerError: The model server fails to say.
        """
        return self._not_refused(model, self._server.available_versions(model))

    def _not_refused(self, model: str, versions: Sequence[int]) -> list[int]:
        refused = self._catalog.versions.refused(model)
        return [version for version in versions if version not in refused]
