"""Predictions of the default model: `POST /predict`."""

import msgspec
from flask import Blueprint, Response, g

from gateway.contract.decoding import decode
from gateway.envelopes import PREDICT
from gateway.predictor import Predictor
from gateway.routes.body import check_media_type, read_body
from gateway.routes.replies import json, note

DECODER = msgspec.json.Decoder(PREDICT.type)


def blueprint(predictor: Predictor, model: str, *, max_body_bytes: int) -> Blueprint:
    """The route.

    Args:
        predictor: Who answers.
        model: The default model's name.
        max_body_bytes: The largest body accepted.

    Returns:
        A blueprint to register.
    """
    routes = Blueprint("predict", __name__)

    @routes.post("/predict")
    def predict() -> Response:
        g.model = model
        check_media_type()
        data = decode(DECODER, read_body(max_body_bytes), PREDICT).data
        answer = predictor.predict(model, lambda contract: contract.parse(contract.data, data, "/data"))
        note(answer)
        results = answer.contract.read(answer.outputs)
        document = {
            "prediction": answer.contract.predictions(answer.batch, results),
            "model": model,
            "version": answer.version,
        }
        if warnings := answer.contract.warnings(answer.batch, results):
            document["warnings"] = warnings
            g.warnings = len(warnings)
        return json(document)

    return routes
