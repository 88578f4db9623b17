"""The gRPC services, over TensorFlow Serving's official stubs."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.embedded.errors import RequestError, invalid_argument, not_found
from serving.embedded.registry import Registry
from serving.embedded.states import States

DEFAULT_SIGNATURE = "serving_default"
_MAX_MESSAGE_CHARS = 1000  # gRPC carries it as a header, and long headers break the call
_CODES = {code.value[0]: code for code in grpc.StatusCode}  # TensorFlow's error codes are gRPC's


@contextmanager
def _refusals(context: grpc.ServicerContext) -> Iterator[None]:
    """Turn refusals and failed operations into the call's status."""
    try:
        yield
    except RequestError as error:
        context.abort(error.code, error.message[:_MAX_MESSAGE_CHARS])
    except tf.errors.OpError as error:
        context.abort(_CODES[error.error_code], error.message[:_MAX_MESSAGE_CHARS])


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):  # type: ignore[misc]  # has no annotations
    """`tensorflow.serving.PredictionService`: Predict and GetModelMetadata; the rest is UNIMPLEMENTED."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def Predict(  # noqa: N802  # the method's name on the wire
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Run a signature of the version that the request asks for.

        Args:
            request: model, signature (else `serving_default`), inputs, output_filter.
            context: the call.

        Returns:
            The outputs, with the version that made them.
        """
        signature = request.model_spec.signature_name or DEFAULT_SIGNATURE
        response = predict_pb2.PredictResponse()
        with _refusals(context), self._registry.use(request.model_spec) as (version, servable):
            for alias, tensor in servable.predict(signature, request.inputs, request.output_filter).items():
                response.outputs[alias].CopyFrom(tensor)
            response.model_spec.name = request.model_spec.name
            response.model_spec.version.value = version
            response.model_spec.signature_name = signature
        return response

    def GetModelMetadata(  # noqa: N802  # the method's name on the wire
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Tell the signatures of the version that the request asks for.

        Args:
            request: model, and `signature_def` as the only metadata field there is.
            context: the call.

        Returns:
            A `SignatureDefMap` with the signatures as the SavedModel declares them, and the version they belong to.
        """
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with _refusals(context), self._registry.use(request.model_spec) as (version, servable):
            if not request.metadata_field:
                raise invalid_argument("GetModelMetadataRequest must specify at least one metadata_field")
            for field in request.metadata_field:
                if field != "signature_def":
                    raise invalid_argument(f"Metadata field {field} is not supported")
            signatures = get_model_metadata_pb2.SignatureDefMap()
            for name, definition in servable.signature_defs.items():
                signatures.signature_def[name].CopyFrom(definition)
            response.metadata["signature_def"].Pack(signatures)
            response.model_spec.name = request.model_spec.name
            response.model_spec.version.value = version
        return response


class ModelService(model_service_pb2_grpc.ModelServiceServicer):  # type: ignore[misc]  # has no annotations
    """`tensorflow.serving.ModelService`: GetModelStatus; the rest is UNIMPLEMENTED."""

    def __init__(self, states: States) -> None:
        self._states = states

    def GetModelStatus(  # noqa: N802  # the method's name on the wire
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Tell the state of a model's versions.

        Args:
            request: a model, and perhaps one version of it.
            context: the call.

        Returns:
            The state of that version, or of all, newest first.
        """
        response = get_model_status_pb2.GetModelStatusResponse()
        name = request.model_spec.name
        with _refusals(context):
            states = self._states.of(name)
            if not states:
                raise not_found(f"Could not find any versions of model {name}")
            if request.model_spec.HasField("version"):
                wanted = request.model_spec.version.value
                if wanted not in states:
                    raise not_found(f"Could not find version {wanted} of model {name}")
                states = {wanted: states[wanted]}
            for version, state in states.items():
                response.model_version_status.add(version=version, state=state)
        return response
