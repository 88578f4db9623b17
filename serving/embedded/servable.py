"""One loaded version of a SavedModel."""

from collections.abc import Collection, Mapping
from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from serving.embedded.errors import RequestError, invalid_argument
from serving.embedded.tensors import dtype_name, from_proto, to_proto


class Servable:
    """A SavedModel in memory. Its methods may be called from any number of threads.

    Attributes:
        signature_defs: the SavedModel's signatures as it declares them, by name.
    """

    def __init__(self, folder: Path) -> None:
        """Load a SavedModel.

        Args:
            folder: the version's folder.

        Raises:
            Exception: whatever TensorFlow raises for a SavedModel that it cannot load.
        """
        self._model = tf.saved_model.load(str(folder))  # also keeps the variables alive
        self.signature_defs: Mapping[str, meta_graph_pb2.SignatureDef] = _signature_defs(folder)

    def predict(
        self, signature: str, inputs: Mapping[str, tensor_pb2.TensorProto], output_filter: Collection[str]
    ) -> dict[str, tensor_pb2.TensorProto]:
        """Run a signature.

        Args:
            signature: the signature's name.
            inputs: a tensor for each input of the signature. Shapes are left to the model's operations.
            output_filter: the names of the wanted outputs; empty for all.

        Returns:
            A tensor for each wanted output.

        Raises:
            RequestError: FAILED_PRECONDITION for an unknown signature; INVALID_ARGUMENT for inputs or outputs that do
                not fit the signature.
            tf.errors.OpError: what an operation of the model raised, for example for a wrong shape.
        """
        if signature not in self._model.signatures or signature not in self.signature_defs:
            raise RequestError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{signature}" not found.')
        definition = self.signature_defs[signature]
        _check_names(definition, inputs)
        _check_filter(definition, output_filter)
        tensors = {alias: from_proto(alias, proto) for alias, proto in inputs.items()}
        _check_dtypes(definition, inputs)
        outputs = self._model.signatures[signature](**tensors)
        return {
            alias: to_proto(tensor) for alias, tensor in outputs.items() if not output_filter or alias in output_filter
        }


def _signature_defs(folder: Path) -> dict[str, meta_graph_pb2.SignatureDef]:
    saved_model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graphs = [graph for graph in saved_model.meta_graphs if "serve" in graph.meta_info_def.tags]
    return dict(graphs[0].signature_def) if graphs else {}


def _check_names(definition: meta_graph_pb2.SignatureDef, inputs: Collection[str]) -> None:
    expected, given = set(definition.inputs), set(inputs)
    missing, extra = sorted(expected - given), sorted(given - expected)
    if len(expected) != len(given):
        raise invalid_argument(
            f"input size does not match signature: {len(given)}!={len(expected)} len({_braced(given)}) != "
            f"len({_braced(expected)}). Sent extra: {_braced(extra)}. Missing but required: {_braced(missing)}."
        )
    if missing:
        feed_name = definition.inputs[missing[0]].name
        raise invalid_argument(
            f"Signature input alias: {missing[0]}(feed name: {feed_name}) not found in request and no default value "
            f"provided. Inputs expected to be in the request {_braced(given)}, or default input alias set: "
        )


def _check_filter(definition: meta_graph_pb2.SignatureDef, output_filter: Collection[str]) -> None:
    unknown = [alias for alias in output_filter if alias not in definition.outputs]
    if unknown:
        raise invalid_argument(f"output tensor alias not found in signature: {unknown[0]}")
    if len(set(output_filter)) != len(output_filter):
        raise invalid_argument("duplicate output tensor alias in output_filter")


def _check_dtypes(definition: meta_graph_pb2.SignatureDef, inputs: Mapping[str, tensor_pb2.TensorProto]) -> None:
    for index, alias in enumerate(sorted(definition.inputs)):
        expected, given = definition.inputs[alias].dtype, inputs[alias].dtype
        if expected != given:
            raise invalid_argument(
                f"Expects arg[{index}] to be {dtype_name(expected)} but {dtype_name(given)} is provided"
            )


def _braced(aliases: Collection[str]) -> str:
    return "{" + ",".join(sorted(aliases)) + "}"
