"""Versions for tests that need no server: as much of a SavedModel as a release looks at."""

from pathlib import Path
from typing import Any

import msgspec

from src import tf_serving_pb2 as pb
from src.models_config import CARD_FILE
from src.release import integrity


def saved_model(**inputs: list[int]) -> bytes:
    """A SavedModel that takes float inputs of the given shapes and answers y; without any, x of shape (None, 1)."""
    taken = {name: _info(shape) for name, shape in (inputs or {"x": [-1, 1]}).items()}
    signature = pb.SignatureDef(inputs=taken, outputs={"y": _info([-1, 1])})
    graph = pb.MetaGraphDef(signature_def={"serving_default": signature})
    graph.meta_info_def.tags.append("serve")
    return pb.SavedModel(meta_graphs=[graph]).SerializeToString()


def _info(shape: list[int]) -> pb.TensorInfo:
    dims = [pb.TensorShapeProto.Dim(size=size) for size in shape]
    return pb.TensorInfo(dtype=pb.DT_FLOAT, tensor_shape=pb.TensorShapeProto(dim=dims))


def add_version(
    store: Path, version: int, *, model: str = "line", card: dict[str, Any] | None = None, **inputs: list[int]
) -> Path:
    """Put a version into a store.

    Args:
        store: The model store.
        version: Its number.
        model: The model's name.
        card: Its card; none if left out.
        inputs: What it takes; x of shape (None, 1) if left out.

    Returns:
        Its folder.
    """
    folder = store / model / str(version)
    (folder / CARD_FILE).parent.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(saved_model(**inputs))
    if card is not None:
        (folder / CARD_FILE).write_bytes(msgspec.json.encode({"name": model} | card))
    integrity.write_sums(folder)
    return folder
