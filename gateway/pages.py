"""The gateway's HTML pages: each goes out with the headers that hold the browser to what the page needs."""

from typing import Any

from flask import Response, make_response, render_template

from gateway import secure_headers


def page(template: str, *loosened: str, **context: Any) -> Response:
    """Render a page.

    Args:
        template: The template's file name.
        loosened: Directives of the Content-Security-Policy that this page needs beyond the common ones.
        context: The template's variables.

    Returns:
        The page, with its headers.
    """
    response = make_response(render_template(template, **context))
    response.headers["Content-Security-Policy"] = "; ".join((secure_headers.PAGE_POLICY, *loosened))
    for name, value in secure_headers.PAGE.items():
        response.headers[name] = value
    return response
