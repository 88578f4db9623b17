"""The Open Inference Protocol, version 2, so that KServe's and Triton's HTTP clients find what they know."""

from typing import Any

from flask import Blueprint

from gateway.catalog import Catalog
from gateway.contract import Batch, Contract
from gateway.contract.decoding import decode
from gateway.direct import Routes
from gateway.document import Document
from gateway.errors import NotJsonError
from gateway.exchange import Exchange, current
from gateway.oip import EXTENSIONS, LENGTH_HEADER
from gateway.oip.reply import reply, wanted
from gateway.oip.request import DECODER, REQUEST, parse
from gateway.readiness import Readiness
from gateway.routes.answering import Answerer
from gateway.routes.body import BINARY, check_media_type, read_body
from gateway.routes.health import check_not_draining
from gateway.routes.names import VERSION
from gateway.signature import Selector

MODEL = "/v2/models/<model:model>"
LENGTH_KEY = "HTTP_" + LENGTH_HEADER.upper().replace("-", "_")  # in a WSGI environment
MAX_DIGITS = 20  # of a length in a header; Python refuses to read a number of thousands


def blueprint(catalog: Catalog, readiness: Readiness) -> Blueprint:
    """The routes that tell of the server and its models.

    Args:
        catalog: The models' versions.
        readiness: Who knows whether the models can answer.

    Returns:
        A blueprint to register.
    """
    routes = Blueprint("v2", __name__)

    @routes.get("/v2")
    def server() -> Document:
        """What this server is."""
        return Document.of({"name": "gateway", "version": "1.0", "extensions": EXTENSIONS})

    @routes.get("/v2/health/live")
    def live() -> Document:
        """The process is up; nothing else is asked."""
        return Document.of({"live": True})

    @routes.get("/v2/health/ready")
    def ready() -> Document:
        """All configured models can answer."""
        check_not_draining()
        readiness.check()
        return Document.of({"ready": True})

    @routes.get(MODEL + "/ready")
    @routes.get(MODEL + VERSION + "/ready")
    def model_ready(model: str, version: int | None = None) -> Document:
        """A model, or one of its versions, can answer."""
        current().model = model
        catalog.learn(model, Selector(version)).servable.contract()  # what is known may have gone since
        return Document.of({"name": model, "ready": True})

    @routes.get(MODEL)
    @routes.get(MODEL + VERSION)
    def metadata(model: str, version: int | None = None) -> Document:
        """What a model takes and answers."""
        current().model = model
        contract = catalog.learn(model, Selector(version)).servable.contract()
        return Document.of(
            {
                "name": model,
                "versions": list(map(str, readiness.versions(model))),
                "platform": "tensorflow_savedmodel",
                "inputs": [_tensor(f.name, f.leaf.dtype.datatype, f.shape) for f in contract.features],
                "outputs": [
                    _tensor(o.name, o.dtype.datatype, (None,) if o.shape is None else o.shape) for o in contract.outputs
                ],
            }
        )

    return routes


def predictions(answerer: Answerer, *, max_body_bytes: int) -> Routes:
    """The routes of predictions.

    Args:
        answerer: Who answers.
        max_body_bytes: The largest body accepted.

    Returns:
        They, by their patterns.
    """

    def infer(exchange: Exchange, model: str, version: int | None = None) -> Document:
        """Predictions by tensor."""
        exchange.model = model
        check_media_type(exchange.environ, BINARY)
        body = read_body(exchange.environ, max_body_bytes)
        text, content = _split(body, exchange.environ.get(LENGTH_KEY))
        asked = decode(DECODER, text, REQUEST)

        def parsed(contract: Contract) -> Batch:
            wanted(contract.outputs, asked)  # refuse before anything is predicted
            return parse(contract, asked, content)

        prediction = answerer.answer(exchange, model, parsed, selector=Selector(version))
        return reply(model, prediction, asked)

    return {f"{MODEL}{which}/infer": infer for which in ("", VERSION)}


def _split(body: bytes, length: str | None) -> tuple[bytes, bytes]:
    """The JSON, which is so long, and the bytes behind it."""
    if length is None:
        return body, b""
    if not (length.isascii() and length.isdigit() and len(length) <= MAX_DIGITS and int(length) <= len(body)):
        raise NotJsonError(f"The header {LENGTH_HEADER} is no length within the body.")
    return body[: int(length)], body[int(length) :]


def _tensor(name: str, datatype: str, shape: tuple[int | None, ...]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": [-1 if size is None else size for size in shape]}
