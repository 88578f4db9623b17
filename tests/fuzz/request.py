"""A request to the gateway, as it is made up, kept in a file, and given to the application."""

import io
from typing import Any

import msgspec


class Request(msgspec.Struct, frozen=True):
    """A request.

    Attributes:
        route: What it was made for, for the table.
        model: The application's default model.
        path: The path and, behind a question mark, the query; each character stands for one byte.
        method: The method.
        headers: The headers, by name.
        body: The body; each character stands for one byte, so that a file of it can be read.
    """

    route: str
    model: str
    path: str
    method: str = "POST"
    headers: dict[str, str] = {}
    body: str = ""

    def environ(self) -> dict[str, Any]:
        """The request as gunicorn gives it to the application."""
        content = self.body.encode("latin-1")
        path, _, query = self.path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(content),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return environ
