"""TensorFlow Serving's REST API, version 1, so that its clients, Vertex AI's and KServe's find what they know.

https://www.tensorflow.org/tfx/serving/api_rest has the protocol.
"""

from collections.abc import Sequence
from typing import Any

import grpc
import msgspec
from flask import Blueprint
from google.protobuf.json_format import MessageToDict

from gateway import tf_serving_pb2 as pb
from gateway.catalog import Catalog
from gateway.contract import Batch, Contract
from gateway.contract.answers import by_name, by_row
from gateway.contract.decoding import decode
from gateway.direct import Routes
from gateway.document import Document
from gateway.envelopes import V1
from gateway.errors import InvalidInputError, ModelServerError, Place
from gateway.exchange import Exchange, current
from gateway.model_server import ModelServer
from gateway.routes.answering import Answerer
from gateway.routes.body import check_media_type, read_body
from gateway.routes.names import VERSION
from gateway.signature import DEFAULT, SERVING_DEFAULT, Metadata, Selector

MODEL = "/v1/models/<model:model>"
LABEL = "/labels/<model:label>"

DECODER = msgspec.json.Decoder(V1.type)


def blueprint(server: ModelServer, catalog: Catalog, models: Sequence[str]) -> Blueprint:
    """The routes that tell of the models.

    Args:
        server: The model server.
        catalog: The models' versions.
        models: The models that are listed; others are served as well.

    Returns:
        A blueprint to register.
    """
    routes = Blueprint("v1", __name__)

    @routes.get("/v1/models")
    def list_models() -> Document:
        """The configured models, as KServe lists them."""
        return Document.of({"models": models})

    @routes.get(MODEL)
    @routes.get(MODEL + VERSION)
    @routes.get(MODEL + LABEL)
    def status(model: str, version: int | None = None, label: str | None = None) -> Document:
        """The states of the versions; `name` and `ready` are for KServe's clients."""
        current().model = model
        selector = Selector(version, label)
        states = server.status(model, selector)
        try:
            catalog.learn(model, selector).servable.contract()  # what is known may have gone since
            ready = True
        except ModelServerError:
            ready = False
        return Document.of({"model_version_status": list(map(_state, states)), "name": model, "ready": ready})

    @routes.get(MODEL + "/metadata")
    @routes.get(MODEL + VERSION + "/metadata")
    @routes.get(MODEL + LABEL + "/metadata")
    def metadata(model: str, version: int | None = None, label: str | None = None) -> Document:
        """A version's signatures."""
        current().model = model
        selector = Selector(version, label)
        if selector == DEFAULT:
            servable = catalog.learn(model).servable  # the one that answers
            found = Metadata(servable.version, servable.signatures)
        else:
            found = server.metadata(model, selector)
        spec = {"name": model, "signature_name": "", "version": str(found.version)}
        signatures = MessageToDict(
            pb.SignatureDefMap(signature_def=found.signatures),
            always_print_fields_with_no_presence=True,
            preserving_proto_field_name=True,
        )
        return Document.of({"model_spec": spec, "metadata": {"signature_def": signatures}})

    return routes


def predictions(answerer: Answerer, *, max_body_bytes: int) -> Routes:
    """The routes of predictions.

    Args:
        answerer: Who answers.
        max_body_bytes: The largest body accepted.

    Returns:
        They, by their patterns.
    """

    def predict(exchange: Exchange, model: str, version: int | None = None, label: str | None = None) -> Document:
        """Predictions by row for `instances`, by tensor for `inputs`."""
        exchange.model = model
        check_media_type(exchange.environ)
        request = decode(DECODER, read_body(exchange.environ, max_body_bytes), V1)
        prediction = answerer.answer(
            exchange,
            model,
            lambda contract: _parse(contract, request),
            selector=Selector(version, label),
            signature=request.signature_name or SERVING_DEFAULT,
        )
        results = prediction.contract.read(prediction.outputs, base64_names=True)
        if request.inputs is msgspec.UNSET:
            return Document.of({"predictions": by_row(results, prediction.batch.rows, plain=False)})
        return Document.of({"outputs": by_name(results)})

    return {f"{MODEL}{which}:predict": predict for which in ("", VERSION, LABEL)}


def _parse(contract: Contract, request: Any) -> Batch:
    instances, inputs = request.instances, request.inputs
    if (instances is msgspec.UNSET) == (inputs is msgspec.UNSET):
        raise InvalidInputError(Place("", 'expected either "instances" or "inputs"'))
    if instances is msgspec.UNSET:
        return contract.parse(contract.inputs, inputs, "/inputs")
    if contract.instances is None:
        raise InvalidInputError(Place("/instances", 'this signature has no batch dimension: send "inputs"'))
    return contract.parse(contract.instances, instances, "/instances")


def _state(status: pb.ModelVersionStatus) -> dict[str, Any]:
    codes = {code.value[0]: code.name for code in grpc.StatusCode}
    return {
        "version": str(status.version),
        "state": pb.ModelVersionStatus.State.Name(status.state),
        "status": {
            "error_code": codes.get(status.status.error_code, "UNKNOWN"),
            # The server's words name paths and the graph's nodes.
            "error_message": "The model server's log says why." if status.status.error_code else "",
        },
    }
