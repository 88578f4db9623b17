"""A training run: from a recipe and its parameters to a published version."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from src import describe, devices, own_code, report, store
from src.batches import steps_of
from src.checks import check_recipe
from src.dataset import Dataset
from src.errors import ArtefactError, GateError, RecipeError, ReleaseError
from src.fitting import fit
from src.gate import Verdict
from src.profiles import profiles
from src.publishing import Judge, publish
from src.quiet import import_tensorflow
from src.recipe import Params, Recipe, Training
from src.release.operations import Operator
from src.run import Run


def train(
    recipe: Recipe[Any],
    hyperparameters: Params,
    operator: Operator,
    *,
    promote: bool = True,
    progress: bool = False,
    record: Callable[[Run, Path], None] | None = None,
) -> Run:
    """Train, judge, export, verify, publish, report; and promote what passes the gate.

    Args:
        recipe: What to train.
        hyperparameters: How.
        operator: Who promotes it; in their store, which is made if missing.
        promote: Whether to promote what passes the gate.
        progress: Whether to draw a progress bar.
        record: Takes the run and the store at its end, also of one that broke off while it trained.

    Returns:
        The run, with the version it published: the stable one now or, where the gate's verdict is against it, one that
        is kept unpromoted.

    Raises:
        RecipeError: The recipe's parts do not fit together.
        ModelSideError: TF_CONFIG asks for several workers.
        StoreError: The store cannot be written.
        GateError: The model answers no numbers, so that there is nothing to keep.
        ArtefactError: The SavedModel does not reproduce the Keras model.
        ReleaseError: The version is published, and cannot be promoted.
    """
    check_recipe(recipe)
    store.prepare(operator.store, served_from=operator.served_from)
    _make_repeatable(hyperparameters.seed)
    dataset = own_code.load(recipe, hyperparameters)
    run = _begin(recipe, hyperparameters, dataset)
    try:
        model = _fit(run, hyperparameters, dataset, progress=progress)
        judge = Judge(run, model, dataset, own_code.fit_baseline(recipe, run.train.sample))
        publish(judge, operator, promote=promote)
    except (GateError, RecipeError, ArtefactError) as error:
        if run.history.losses:  # what went on until then can be looked at
            run.verdict = Verdict(passed=False, reasons=[str(error)], stable=None)
            _tell(run, operator.store, record)
        raise
    except ReleaseError as error:
        if run.version is not None and run.verdict is not None:  # it is published, and its report says why it waits
            run.verdict = msgspec.structs.replace(run.verdict, reasons=[*run.verdict.reasons, str(error)])
            _tell(run, operator.store, record)
        raise
    _tell(run, operator.store, record)
    return run


def _tell(run: Run, model_store: Path, record: Callable[[Run, Path], None] | None) -> None:
    """Write the report, and have the run recorded."""
    report.write(run, model_store)
    if record is not None:
        record(run, model_store)


def _make_repeatable(seed: int) -> None:
    """Have every random number follow from the seed, and every sum be taken in one order."""
    import_tensorflow()
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def _begin(recipe: Recipe[Any], params: Params, dataset: Dataset) -> Run:
    """Go over the data, before any time is spent on training."""
    known = profiles(recipe, dataset)
    describe.check_room(recipe, known["train"])
    return Run(recipe, describe.origin(recipe, params, dataset.source, known), known["train"], known["test"])


def _fit(run: Run, params: Params, dataset: Dataset, *, progress: bool) -> Any:
    """Build the model and train it, on all devices that there are."""
    strategy = devices.strategy()
    replicas = strategy.num_replicas_in_sync
    run.origin = msgspec.structs.replace(run.origin, replicas=replicas)
    with strategy.scope():
        training = Training(run.train.sample, steps_of(run.train.rows, params, replicas))
        model = own_code.build_model(run.recipe, params, training)
    start = time.perf_counter()
    try:
        fit(
            model,
            dataset.train,
            run.test.sample,
            params,
            run.history,
            scoring=run.recipe.scoring,
            progress=progress,
        )
    finally:
        run.seconds = time.perf_counter() - start
    return model
