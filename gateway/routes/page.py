"""The page for trying the model by hand: `GET /`."""

from flask import Blueprint, Response, make_response, request

from gateway.document import Document
from gateway.pages import page


def blueprint(model: str) -> Blueprint:
    """The route.

    Args:
        model: The default model's name.

    Returns:
        A blueprint to register.
    """
    routes = Blueprint("page", __name__)

    @routes.get("/")
    def index() -> Response:
        """The page for a browser; for KServe's first protocol, which asks here, that the gateway is alive."""
        wanted = request.accept_mimetypes.best_match(["application/json", "text/html"], default="text/html")
        alive = Document.of({"status": "alive"})
        response = page("index.html", model=model) if wanted == "text/html" else make_response(alive)
        response.vary.add("Accept")
        return response

    return routes
