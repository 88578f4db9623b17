"""Whether a version's files are what was published, and what they say that the model takes and answers."""

import hashlib
from pathlib import Path

from google.protobuf.message import DecodeError

from src import tf_serving_pb2 as pb
from src.errors import ReleaseError
from src.release import cards

SUMS_FILE = Path("assets.extra") / "SHA256SUMS"  # as `sha256sum` writes it: `sha256sum -c` reads it, in the version
SAVED_MODEL_FILE = "saved_model.pb"
SERVING_DEFAULT = "serving_default"


def write_sums(version: Path) -> None:
    """Write down the checksum of each file of a version.

    Args:
        version: The version's folder, complete.

    Raises:
        OSError: A file cannot be read, or the sums not written.
    """
    files = sorted(path.relative_to(version) for path in version.rglob("*") if path.is_file())
    lines = [f"{_sha256(version / file)}  {file.as_posix()}\n" for file in files if file != SUMS_FILE]
    (version / SUMS_FILE).parent.mkdir(exist_ok=True)
    (version / SUMS_FILE).write_text("".join(lines), encoding="utf-8")


def check(version: Path, model: str) -> cards.Card | None:
    """Hold a version's files against their checksums, and its card against the model's name.

    Args:
        version: The version's folder.
        model: The model that it is said to be a version of.

    Returns:
        The version's card; None where it has none.

    Raises:
        ReleaseError: A file is missing or differs, or the SavedModel or its card cannot be read; without the version's
            name, so that "version 3 is damaged: " may stand in front.
    """
    if fault := _file_fault(version):
        raise ReleaseError(fault)
    signature(version)
    card = cards.read(version)
    if card is not None and card.name != model:
        raise ReleaseError(f"its card says that it is a version of {card.name}")
    return card


def signature(version: Path) -> pb.SignatureDef:
    """The default signature of a SavedModel; an empty one where it has none.

    Raises:
        ReleaseError: There is no SavedModel that can be read, or none to serve.
    """
    try:
        graphs = pb.SavedModel.FromString((version / SAVED_MODEL_FILE).read_bytes()).meta_graphs
    except (OSError, DecodeError) as error:
        raise ReleaseError(f"its {SAVED_MODEL_FILE} cannot be read: {_reason(error)}") from error
    for graph in graphs:
        if "serve" in graph.meta_info_def.tags:
            return graph.signature_def.get(SERVING_DEFAULT, pb.SignatureDef())
    raise ReleaseError(f"its {SAVED_MODEL_FILE} has nothing that is tagged to be served")


def difference(mine: pb.SignatureDef, other: pb.SignatureDef) -> str | None:
    """How a signature differs from another, for those who send requests to it and read its answers.

    Args:
        mine: The one.
        other: The other.

    Returns:
        In words, such as `it takes x (DT_FLOAT, [-1, 2]), not x (DT_FLOAT, [-1, 1])`; None if they are alike.
    """
    for verb, ours, theirs in (("takes", mine.inputs, other.inputs), ("answers", mine.outputs, other.outputs)):
        forms = [sorted(f"{name} {_form(info)}" for name, info in tensors.items()) for tensors in (ours, theirs)]
        if forms[0] != forms[1]:
            only, missing = ([f for f in one if f not in two] for one, two in (forms, forms[::-1]))
            gained, lost = ", ".join(only) or "nothing more", ", ".join(missing)
            return f"it {verb} {gained}" + (f", not {lost}" if lost else "")
    return None


def _form(info: pb.TensorInfo) -> str:
    shape = "any" if info.tensor_shape.unknown_rank else [dim.size for dim in info.tensor_shape.dim]
    return f"({pb.DataType.Name(info.dtype) if info.dtype in pb.DataType.values() else info.dtype}, {shape})"


def _file_fault(version: Path) -> str | None:
    """What is wrong with a version's files; nothing where no checksums tell."""
    try:
        lines = (version / SUMS_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        return f"its {SUMS_FILE} cannot be read: {_reason(error)}"
    listed = {line.partition("  ")[2] for line in lines}
    files = {path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file()}
    if others := sorted(files - listed - {SUMS_FILE.as_posix()}):
        return f"its {others[0]} is not among what was published ({SUMS_FILE})"
    for line in lines:
        expected, _, name = line.partition("  ")
        try:
            if _sha256(version / name) != expected:
                return f"its {name} is not what was published (SHA-256)"
        except OSError as error:
            return f"its {name or SUMS_FILE} cannot be read: {_reason(error)}"
    return None


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or "no valid content"
