"""Predictions without Flask, whose dispatch took a third of what one cost."""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from gateway import admission, call
from gateway.document import Document
from gateway.exchange import current
from gateway.passage import Passage, plain

Route = Callable[..., Document]  # takes the Exchange, and what its pattern has names for
Routes = Mapping[str, Route]  # by their patterns, which are Flask's
Found = tuple[Route, str, Mapping[str, Any]]

MAX_PATHS = 256  # whose routes are remembered


class Direct:
    """A WSGI application in front of Flask's. What is no prediction goes on to that one.

    Flask has the same routes and answers them alike, for whoever wants all requests to pass through it.

    Attributes:
        behind: Flask's application.
    """

    def __init__(self, app: Flask, routes: Routes, passage: Passage) -> None:
        """Give Flask the routes.

        Args:
            app: Flask's application, before anything stands in front of it.
            routes: The routes, which take POST.
            passage: What every request passes through.
        """
        for pattern, route in routes.items():
            app.add_url_rule(pattern, pattern, _view(route), methods=["POST"])
        self.behind: Callable[..., Iterable[bytes]] = app.wsgi_app
        self._routes = routes
        self._passage = passage
        self._map = app.url_map.bind("")
        self._find = functools.lru_cache(MAX_PATHS)(self._search)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        found = self._find(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if found is None:
            return self.behind(environ, start_response)
        route, pattern, values = found
        exchange = admission.begin(environ, pattern)
        try:
            document = self._passage.answer(exchange, lambda: route(exchange, **values))
        finally:
            call.begin(None)
        return document(environ, start_response)

    def _search(self, path: str) -> Found | None:
        """The route of a path, its pattern, and its parts by name; None if it is Flask's."""
        if not path.isascii():  # Flask decodes these
            return None
        try:
            rule, values = self._map.match(path, "POST", return_rule=True)
        except HTTPException:  # there is none, or not for POST: Flask says so
            return None
        route = self._routes.get(rule.rule)
        return None if route is None else (route, plain(rule.rule), values)


def _view(route: Route) -> Callable[..., Document]:
    """The route as Flask calls it."""

    def view(**values: Any) -> Document:
        return route(current(), **values)

    return view
