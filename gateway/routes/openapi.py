"""The interface as a document: `GET /openapi.json`."""

from flask import Blueprint

from gateway.catalog import Catalog
from gateway.document import Document
from gateway.openapi import build, secured
from gateway.readiness import Readiness


def blueprint(catalog: Catalog, readiness: Readiness, model: str, *, keys: bool = False) -> Blueprint:
    """The route.

    Args:
        catalog: The models' versions.
        readiness: Who knows the configured models.
        model: The default model's name.
        keys: Whether keys are asked for.

    Returns:
        A blueprint to register.
    """
    routes = Blueprint("openapi", __name__)

    @routes.get("/openapi.json")
    def document() -> Document:
        """Made anew each time: it tells what is served now."""
        found = build(catalog, readiness, model)
        return Document.of(secured(found) if keys else found)

    return routes
