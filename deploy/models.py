"""Which models are run: MODELS names them, or MODEL_NAME alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from src import cli, models_config, recipes
from src.release import state


def chosen(environ: Mapping[str, str]) -> list[str]:
    """The models, the one behind /predict first.

    MODELS names several; MODEL_NAME the one behind /predict, which is the first of MODELS where it is not set.

    Args:
        environ: The environment.

    Returns:
        Their names, each once.

    Raises:
        ValueError: MODEL_NAME is none of MODELS.
    """
    names = list(dict.fromkeys(environ.get("MODELS", "").replace(",", " ").split()))
    default = environ.get("MODEL_NAME") or (names[0] if names else cli.DEFAULT_RECIPE)
    if names and default not in names:
        raise ValueError(f"MODEL_NAME={default} is none of MODELS={' '.join(names)}; add it there, or leave it out")
    return list(dict.fromkeys([default, *names]))


def without_version(store: Path, names: Sequence[str]) -> list[str]:
    """The models that have no version to serve yet, all of which can be trained.

    Args:
        store: The model store, prepared.
        names: The models.

    Returns:
        Those among them, in the same order.

    Raises:
        ValueError: One of them has no recipe either.
        StoreError: The store's `models.config` is not valid.
    """
    new = [name for name in names if state.stable(store, name) is None]
    for name in new:
        if name in recipes.names():
            continue
        if kept := models_config.versions(store / name):
            raise ValueError(f"no version of {name} is promoted; not promoted: {', '.join(map(str, kept))}")
        raise ValueError(
            f"{name!r} is no model of the store and no recipe; recipes: {', '.join(recipes.names())};"
            " make train RECIPE=FILE trains any other"
        )
    return new
