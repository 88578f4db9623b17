"""Which versions may be served: what is looked at before any server is told."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from src import tf_serving_pb2 as pb
from src.errors import ReleaseError, UnreachableError
from src.models_config import versions
from src.release import cards, integrity

Candidate = tuple[cards.Card | None, pb.SignatureDef]


def check(store: Path, model: str, version: int) -> Candidate:
    """Hold a version to what it was when it was published.

    Args:
        store: The model store.
        model: The model's name.
        version: The version's number.

    Returns:
        Its card, None where it has none, and its signature.

    Raises:
        ReleaseError: It is not there, or damaged.
    """
    published = versions(store / model)
    if version not in published:
        there = ", ".join(map(str, published)) or "none"
        raise ReleaseError(f"no version {version} of {model} in {store}; there is: {there}")
    folder = store / model / str(version)
    with not_served(model, version):
        return integrity.check(folder, model), integrity.signature(folder)


def check_wanted(store: Path, model: str, version: int, stable: int | None, candidate: Candidate) -> None:
    """Hold a version to the gate's verdict, and to what the clients of the stable one send and read.

    Args:
        store: The model store.
        model: The model's name.
        version: The version's number.
        stable: The version that is stable now.
        candidate: What `check` gave.

    Raises:
        ReleaseError: The gate refused it, or it takes or answers something else.
    """
    card, signature = candidate
    name = f"{model} version {version}"
    if card and card.gate and not card.gate.passed:
        reasons = "; ".join(card.gate.reasons)
        raise ReleaseError(f"the gate refused {name}: {reasons}; --force serves it all the same")
    if stable in (None, version):
        return
    try:
        served = integrity.signature(store / model / str(stable))
    except ReleaseError:  # a damaged one should not keep another from taking its place
        return
    if differs := integrity.difference(signature, served):
        raise ReleaseError(f"{name} does not fit the clients of version {stable}: {differs}; --force serves it")


@contextlib.contextmanager
def not_served(model: str, version: int) -> Iterator[None]:
    """Name the version of which something is wrong.

    Args:
        model: The model's name.
        version: The version's number.

    Raises:
        ReleaseError: The same, with the name in front.
    """
    try:
        yield
    except UnreachableError:  # which says nothing of the version
        raise
    except ReleaseError as error:
        raise ReleaseError(f"{model} version {version} cannot be served: {error}") from error
