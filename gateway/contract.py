"""The contract: what the served signature takes, as a type that decodes and checks a request body in one pass."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import msgspec

from gateway import tf_serving_pb2 as pb
from gateway.decoding import body_decoder, decode
from gateway.errors import InvalidInputError, ModelServerError, NotSupportedError
from gateway.model_server import Signature
from gateway.nesting import depth_of, flatten, nest, pointer
from gateway.tensors import NUMERIC_TYPES, NumericType, OutOfRangeError, pack, unpack


@dataclass(frozen=True)
class Batch:
    """A request's instances, checked and packed.

    Attributes:
        tensor: The model's input, the batch dimension first.
        rows: How many instances there are.
        single: Whether the request was one instance, not a list of them.
        scalars: Whether the instances were plain numbers.
    """

    tensor: pb.TensorProto
    rows: int
    single: bool
    scalars: bool


class Contract:
    """What one version of a model takes and answers: one numeric input, one numeric output.

    Attributes:
        signature: The served signature.
        input_name: The input's name.
        dtype: The input's dtype.
        row_shape: One instance's shape, without the batch dimension; None where any length goes.
        output_name: The output's name.
    """

    def __init__(self, model: str, signature: Signature) -> None:
        """Read a signature.

        Args:
            model: The model's name, for messages.
            signature: What its server said of it.

        Raises:
            NotSupportedError: The model takes or answers something other than one numeric tensor.
        """
        self.signature = signature
        self.input_name, info = _only_numeric(model, "input", signature.inputs)
        self.output_name, _ = _only_numeric(model, "output", signature.outputs)
        self.dtype: NumericType = NUMERIC_TYPES[info.dtype]
        self.row_shape = [None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim[1:]]
        self._dtype_number = info.dtype
        self._decoder: msgspec.json.Decoder[Any] = body_decoder(self.dtype.number, depth=len(self.row_shape) + 1)

    def parse(self, body: bytes, *, max_rows: int) -> Batch:
        """Decode, check and pack a request body, `{"data": ...}`.

        Args:
            body: JSON. `data` is one instance or a list of them; an instance has the signature's shape, and where
                that is (1,), a plain number will do.
            max_rows: The most instances accepted.

        Returns:
            The batch.

        Raises:
            NotJsonError: The body is no JSON document.
            InvalidInputError: It is one, but not what the model takes.
        """
        data = decode(self._decoder, body, self.dtype)
        depth = depth_of(data)
        scalars = self.row_shape in ([], [1]) and depth <= 1
        row_shape = [] if scalars else self.row_shape
        single = depth == len(row_shape)
        if depth < len(row_shape):
            raise InvalidInputError("/data", f"expected {self._expectation()}, got {_lists(depth)}")
        values, lengths = flatten(data, row_shape if single else [None, *row_shape])
        rows = 1 if single else lengths[0]
        if rows > max_rows:
            raise InvalidInputError("/data", f"expected at most {max_rows} instances, got {rows}")
        shape = [rows, *(self.row_shape if scalars else lengths[-len(row_shape) :])]
        try:
            tensor = pack(self._dtype_number, shape, values)
        except OutOfRangeError as error:
            place = pointer(error.index, lengths)
            value = values[error.index]
            raise InvalidInputError(place, f"expected a {self.dtype.name}, {self.dtype.bounds}, got {value}") from error
        return Batch(tensor, rows, single, scalars)

    def _expectation(self) -> str:
        sizes = " x ".join("n" if size is None else str(size) for size in self.row_shape)
        return f"one instance of shape {sizes}, or an array of such instances"

    def mirror(self, batch: Batch, outputs: Mapping[str, pb.TensorProto]) -> Any:
        """Give the model's answer the form the request had.

        Args:
            batch: The request.
            outputs: The model server's answer to it.

        Returns:
            One prediction for one instance, else a list of them; a plain number for a plain number, where the model
            answers one number a row.

        Raises:
            InvalidInputError: The model has no finite answer for an instance, so that JSON cannot say it.
            ModelServerError: The answer is not one prediction an instance.
        """
        try:
            values, shape = unpack(outputs[self.output_name])
        except (KeyError, ValueError) as error:
            raise ModelServerError(grpc.StatusCode.INTERNAL, f"unreadable output: {error}") from error
        if not shape or shape[0] != batch.rows:
            raise ModelServerError(grpc.StatusCode.INTERNAL, f"{shape} is no answer for {batch.rows} instances")
        if not all(map(math.isfinite, values)):
            index = next(index for index, value in enumerate(values) if not math.isfinite(value))
            place = "/data" if batch.single else f"/data/{index * batch.rows // len(values)}"
            raise InvalidInputError(place, f"the model's answer to this instance is no finite number: {values[index]}")
        predictions = values if batch.scalars and shape[1:] == [1] else nest(values, shape)
        return predictions[0] if batch.single else predictions


def _only_numeric(model: str, what: str, tensors: Mapping[str, pb.TensorInfo]) -> tuple[str, pb.TensorInfo]:
    if len(tensors) != 1:
        names = ", ".join(sorted(tensors)) or "none"
        raise NotSupportedError(f"Model {model!r} has {len(tensors)} {what}s ({names}); this gateway serves one.")
    ((name, info),) = tensors.items()
    if info.dtype not in NUMERIC_TYPES:
        dtype = pb.DataType.Name(info.dtype)
        raise NotSupportedError(f"The {what} {name!r} of model {model!r} is {dtype}; this gateway serves numbers.")
    shape = info.tensor_shape
    if shape.unknown_rank or not shape.dim or shape.dim[0].size >= 0:
        raise NotSupportedError(f"The {what} {name!r} of model {model!r} has no free batch dimension in front.")
    return name, info


def _lists(depth: int) -> str:
    return "a number" if depth == 0 else f"{depth} level{'s' if depth > 1 else ''} of arrays"
