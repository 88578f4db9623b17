"""The interface as pages: `GET /docs` (Swagger UI) and `GET /redoc` (Redoc), both of `GET /openapi.json`."""

from importlib.metadata import distribution
from pathlib import Path

from flask import Blueprint, Response, abort, send_from_directory

from gateway.pages import page

# What the pages load from offapi, and as what: a guess from the file's name would depend on the machine's own table.
ASSETS = {
    "swagger_bundle.js": "text/javascript",
    "swagger_style.css": "text/css",
    "redoc.js": "text/javascript",
}
# Redoc puts its rules one by one into a style element that is empty when the browser asks the policy: this is the hash
# of nothing, so no text is let in as style. Its icon font is part of its own file.
REDOC_NEEDS = ("style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='", "font-src data:")
MAX_AGE_SECONDS = 24 * 60 * 60  # the names stay when offapi's version changes, so a day is how long a mix can last


def blueprint() -> Blueprint:
    """The routes.

    Returns:
        A blueprint to register.

    Raises:
        PackageNotFoundError: offapi is not installed.
    """
    routes = Blueprint("docs", __name__)
    # Found, not imported: offapi reads all its files into memory when it is imported.
    folder = Path(str(distribution("offapi").locate_file("offapi")))

    @routes.get("/docs")
    def docs() -> Response:
        return page("docs.html")

    @routes.get("/redoc")
    def redoc() -> Response:
        return page("redoc.html", *REDOC_NEEDS)

    @routes.get("/docs/assets/<name>")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            abort(404)
        return send_from_directory(folder, name, mimetype=ASSETS[name], max_age=MAX_AGE_SECONDS)

    return routes
