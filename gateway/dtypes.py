"""The dtypes that the gateway speaks."""

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from gateway import tf_serving_pb2 as pb

Kind = Literal["float", "int", "bool", "string"]


@dataclass(frozen=True)
class Dtype:
    """A dtype that the gateway speaks.

    Attributes:
        name: Its usual name.
        kind: What its values are in JSON.
        number: Its number in TensorFlow's DataType.
        field: TensorProto's repeated field that holds its values where tensor_content does not.
        code: Its `struct` format; with `<`, the byte order of tensor_content. Strings have none; bfloat16, which struct
            does not know, has that of its bits.
        low: The least value, for numbers.
        high: The greatest finite value, for numbers.
    """

    name: str
    kind: Kind
    number: int
    field: str
    code: str = ""
    low: float = 0
    high: float = 0

    @property
    def datatype(self) -> str:
        """Its name in the Open Inference Protocol, such as FP32."""
        names = {"bool": "BOOL", "string": "BYTES", "bfloat16": "BF16"}
        return names.get(self.name, self.name.upper().replace("FLOAT", "FP"))

    @cached_property
    def size(self) -> int:
        """Bytes of one value in tensor_content; of a string, which is not there, none."""
        return struct.calcsize(f"<{self.code}")


def _float(name: str, number: int, field: str, code: str, high: float) -> Dtype:
    return Dtype(name, "float", number, field, code, -high, high)


def _int(name: str, number: int, field: str, code: str) -> Dtype:
    bits = 8 * struct.calcsize(f"<{code}")
    low, high = (0, 2**bits - 1) if code.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return Dtype(name, "int", number, field, code, low, high)


# The greatest finite numbers are (2 - 2**-p) * 2**e, with p bits of fraction and the largest exponent e (IEEE 754).
DTYPES: dict[int, Dtype] = {
    dtype.number: dtype
    for dtype in (
        _float("float16", pb.DT_HALF, "half_val", "e", 65504.0),
        _float("bfloat16", pb.DT_BFLOAT16, "half_val", "H", (2 - 2**-7) * 2.0**127),
        _float("float32", pb.DT_FLOAT, "float_val", "f", (2 - 2**-23) * 2.0**127),
        _float("float64", pb.DT_DOUBLE, "double_val", "d", (2 - 2**-52) * 2.0**1023),
        _int("int8", pb.DT_INT8, "int_val", "b"),
        _int("int16", pb.DT_INT16, "int_val", "h"),
        _int("int32", pb.DT_INT32, "int_val", "i"),
        _int("int64", pb.DT_INT64, "int64_val", "q"),
        _int("uint8", pb.DT_UINT8, "int_val", "B"),
        _int("uint16", pb.DT_UINT16, "int_val", "H"),
        _int("uint32", pb.DT_UINT32, "uint32_val", "I"),
        _int("uint64", pb.DT_UINT64, "uint64_val", "Q"),
        Dtype("bool", "bool", pb.DT_BOOL, "bool_val", "?"),
        Dtype("string", "string", pb.DT_STRING, "string_val"),
    )
}
