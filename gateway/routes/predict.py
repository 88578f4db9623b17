"""Predictions of the default model: `POST /predict`."""

import msgspec

from gateway.contract.decoding import decode
from gateway.direct import Routes
from gateway.document import Document
from gateway.envelopes import PREDICT
from gateway.exchange import Exchange
from gateway.routes.answering import Answerer
from gateway.routes.body import check_media_type, read_body
from gateway.signature import CANARY

DECODER = msgspec.json.Decoder(PREDICT.type)


def routes(answerer: Answerer, model: str, *, max_body_bytes: int) -> Routes:
    """The route.

    Args:
        answerer: Who answers.
        model: The default model's name.
        max_body_bytes: The largest body accepted.

    Returns:
        It, by its pattern.
    """

    def predict(exchange: Exchange) -> Document:
        exchange.model = model
        check_media_type(exchange.environ)
        data = decode(DECODER, read_body(exchange.environ, max_body_bytes), PREDICT).data
        prediction = answerer.answer(exchange, model, lambda contract: contract.parse(contract.data, data, "/data"))
        results = prediction.contract.read(prediction.outputs)
        document = {
            "prediction": prediction.contract.predictions(prediction.batch, results),
            "model": model,
            "version": prediction.version,
        }
        if prediction.label == CANARY.label:  # the stable version's answer keeps its form; its header has the label too
            document["label"] = prediction.label
        if warnings := prediction.contract.warnings(prediction.batch, results):
            document["warnings"] = warnings
            exchange.warnings = len(warnings)
        return Document.of(document)

    return {"/predict": predict}
