"""What is measured, for Prometheus: `GET /metrics`."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from gateway.metrics import text


def blueprint() -> Blueprint:
    """The route.

    Returns:
        A blueprint to register.
    """
    routes = Blueprint("prometheus", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(text(), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return routes
