"""One loaded version of a SavedModel."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import grpc
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.embedded.errors import RequestError, invalid_argument
from serving.embedded.tensors import dtype_name, from_proto, to_proto

v1 = tf.compat.v1
_INIT_OP = "__saved_model_init_op"  # listed with the signatures, and none
# Operations run in the thread of the call: to hand those of a small model around costs more than to do them.
_CONFIG = v1.ConfigProto(inter_op_parallelism_threads=-1)


class Servable:
    """A SavedModel in memory, in a session, as TensorFlow Serving has it. Its methods may be called from any thread.

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
        self._session = v1.Session(graph=tf.Graph(), config=_CONFIG)
        with self._session.graph.as_default():
            loaded = v1.saved_model.load(self._session, ["serve"], str(folder))
        self.signature_defs: Mapping[str, meta_graph_pb2.SignatureDef] = dict(loaded.signature_def)
        self._calls = {
            name: self._make_call(definition)
            for name, definition in self.signature_defs.items()
            if name != _INIT_OP and all(info.name for info in _infos(definition))  # else composite or sparse
        }

    def _make_call(self, definition: meta_graph_pb2.SignatureDef) -> Callable[..., list[Any]]:
        """A signature as a function of its inputs' values, in their order by name."""
        outputs = [definition.outputs[alias].name for alias in sorted(definition.outputs)]
        inputs = [definition.inputs[alias].name for alias in sorted(definition.inputs)]
        call: Callable[..., list[Any]] = self._session.make_callable(outputs, inputs)
        return call

    def predict(
        self, signature: str, inputs: Mapping[str, tensor_pb2.TensorProto], output_filter: Collection[str]
    ) -> dict[str, tensor_pb2.TensorProto]:
        """Run a signature.

        Args:
            signature: the signature's name.
            inputs: a tensor for each input of the signature.
            output_filter: the names of the wanted outputs; empty for all.

        Returns:
            A tensor for each wanted output.

        Raises:
            RequestError: FAILED_PRECONDITION for an unknown signature; INVALID_ARGUMENT for inputs or outputs that do
                not fit the signature.
            tf.errors.OpError: what an operation of the model raised.
        """
        if signature not in self._calls:
            raise RequestError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{signature}" not found.')
        definition = self.signature_defs[signature]
        _check_names(definition, inputs)
        _check_filter(definition, output_filter)
        values = [from_proto(alias, inputs[alias]) for alias in sorted(inputs)]
        _check_dtypes(definition, inputs)
        try:
            outputs = self._calls[signature](*values)
        except ValueError as error:  # a shape that the session refuses before any operation sees it
            raise invalid_argument(str(error)) from error
        found = zip(sorted(definition.outputs), outputs, strict=True)
        return {alias: to_proto(values) for alias, values in found if not output_filter or alias in output_filter}


def _infos(definition: meta_graph_pb2.SignatureDef) -> list[meta_graph_pb2.TensorInfo]:
    return [*definition.inputs.values(), *definition.outputs.values()]


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
