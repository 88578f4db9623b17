"""Whether the process is up, and whether it can answer."""

from flask import Blueprint

from gateway.catalog import Catalog
from gateway.document import Document
from gateway.errors import DrainingError
from gateway.exchange import current
from gateway.facts import DRAINING
from gateway.readiness import Readiness


def blueprint(readiness: Readiness, catalog: Catalog) -> Blueprint:
    """The routes.

    Args:
        readiness: Who knows whether the models can answer.
        catalog: The models' versions.

    Returns:
        A blueprint to register.
    """
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Document:
        """The process is up; nothing else is asked."""
        return Document.of({"status": "live"})

    @routes.get("/readyz")
    def readyz() -> Document:
        """Every configured model has an available version that reproduces its golden examples; the log says why not."""
        check_not_draining()
        document = {"status": "ready", "models": readiness.check()}
        refused = {model: sorted(found) for model in readiness.models if (found := catalog.versions.refused(model))}
        return Document.of(document | ({"refused": refused} if refused else {}))

    return routes


def check_not_draining() -> None:
    """Hold the gateway itself to being ready.

    Raises:
        DrainingError: It is about to stop.
    """
    if current().environ.get(DRAINING):
        raise DrainingError
