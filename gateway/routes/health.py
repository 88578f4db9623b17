"""Whether the process is up, and whether it can answer."""

import msgspec
from flask import Blueprint, Response, g

from gateway.catalog import Catalog
from gateway.errors import ModelServerError
from gateway.model_server import ModelServer
from gateway.problems import problem


def blueprint(server: ModelServer, catalog: Catalog, model: str) -> Blueprint:
    """The routes.

    Args:
        server: The model server.
        catalog: The models' contracts.
        model: The default model's name.

    Returns:
        A blueprint to register.
    """
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> Response:
        """The process is up; nothing else is asked."""
        return Response(b'{"status":"live"}', mimetype="application/json")

    @routes.get("/readyz")
    def readyz() -> Response:
        """A version of the model is available on the model server, and the gateway can speak for it."""
        try:
            versions = server.available_versions(model)
            if versions:
                catalog.contract(model)
        except ModelServerError as error:
            g.cause = error.cause
            return problem(503, "Not ready", f"Model {model!r}: {error.detail}")
        if not versions:
            return problem(503, "Not ready", f"Model {model!r} has no version that is available.")
        document = {"status": "ready", "models": {model: versions}}
        return Response(msgspec.json.encode(document), mimetype="application/json")

    return routes
