"""The models that are fuzzed: between them, every kind of dtype, shape and card that the gateway speaks."""

from typing import Any

from gateway import tf_serving_pb2 as pb
from tests.fuzz.models import Model, info

STONE = {
    "carat": info(pb.DT_FLOAT, -1, 1),
    "depth": info(pb.DT_INT8, -1, 1),
    "stock": info(pb.DT_UINT64, -1),
    "heated": info(pb.DT_BOOL, -1, 1),
    "colour": info(pb.DT_STRING, -1, 1),
    "note": info(pb.DT_STRING, -1),
}
ROW = {"carat": 0.5, "depth": -3, "stock": 18446744073709551615, "heated": True, "colour": "blue", "note": "ü"}
GOLDEN = {name: [value, value] for name, value in ROW.items()}
STONE_CARD: dict[str, Any] = {
    "name": "stone",
    "features": [
        {"name": "carat", "min": 0.2, "max": 3.0, "unit": "ct"},
        {"name": "depth", "min": -5, "max": 5},
        {"name": "stock", "min": 0, "max": 100},
        {"name": "heated"},
        {"name": "colour", "vocabulary": ["blue", "red", "sea/green~"]},
        {"name": "note", "description": "Anything."},
    ],
    "outputs": [{"name": "carat_out", "unit": "ct"}],
    "golden": {"inputs": GOLDEN, "outputs": {"depth_out": [[-3], [-3]]}, "tolerance": 1e-6},
}
LINE_CARD = {"name": "line", "features": [{"name": "x", "min": -1, "max": 4}]}

MODELS: dict[str, Model] = {
    "line": Model({"x": info(pb.DT_FLOAT, -1, 1)}, LINE_CARD),
    "stone": Model(STONE, STONE_CARD),
    "grid": Model({"grid": info(pb.DT_DOUBLE, -1, 2, -1)}),
    "brain": Model({"b": info(pb.DT_BFLOAT16, -1, 3), "h": info(pb.DT_HALF, -1)}),
    "text": Model({"text_bytes": info(pb.DT_STRING, -1)}),
    "scalar": Model({"a": info(pb.DT_INT64), "b": info(pb.DT_DOUBLE)}),
    "matrix": Model({"m": info(pb.DT_UINT32, 2, -1)}),
    "complex": Model({"z": info(pb.DT_COMPLEX64, -1)}),
}
# One valid instance of each, by feature.
ROWS: dict[str, dict[str, Any]] = {
    "line": {"x": 2.5},
    "stone": ROW,
    "grid": {"grid": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]},
    "brain": {"b": [1.0, -2.5, 3e38], "h": 65504.0},
    "text": {"text_bytes": "zwölf"},
    "scalar": {"a": -9223372036854775808, "b": 0.1},
    "matrix": {"m": [[1, 2], [3, 4294967295]]},
    "complex": {"z": 1.0},
}
