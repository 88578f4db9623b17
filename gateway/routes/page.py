"""The page for trying the model by hand: `GET /`."""

from flask import Blueprint, Response, make_response, render_template

# The page needs nothing but its own files and this gateway.
CONTENT_SECURITY_POLICY = "default-src 'self'; img-src data:; frame-ancestors 'none'; form-action 'self'"


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
        response = make_response(render_template("index.html", model=model))
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return routes
