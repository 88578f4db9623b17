"""Requests to a model server, and what is read of its answers."""

from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, model_pb2, predict_pb2

from tests.contract.model_server import ModelServer, predict_request

ONE_ROW = np.array([[10.0]], np.float32)
Refused = tuple[grpc.StatusCode, str]


def values(response: predict_pb2.PredictResponse, alias: str = "y") -> Any:
    """Unpack an output into nested lists."""
    return tf.make_ndarray(response.outputs[alias]).tolist()


def refusal(server: ModelServer, request: predict_pb2.PredictRequest) -> Refused:
    """Make a call that is to fail, and tell its status and message."""
    with pytest.raises(grpc.RpcError) as caught:
        server.predict(request)
    return caught.value.code(), caught.value.details() or ""


def metadata_request(**spec: Any) -> get_model_metadata_pb2.GetModelMetadataRequest:
    """Ask for the signatures of a version."""
    return get_model_metadata_pb2.GetModelMetadataRequest(
        model_spec=model_pb2.ModelSpec(**spec), metadata_field=["signature_def"]
    )


def with_label(name: str, label: str) -> predict_pb2.PredictRequest:
    """Ask for the prediction of a label's version."""
    request = predict_request(name, x=ONE_ROW)
    request.model_spec.version_label = label
    return request
