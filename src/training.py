"""A training run: from a recipe and its parameters to a published version."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from src import describe, devices, export, gate, metrics, own_code, release, report, rival, store, verify
from src.batches import steps_of
from src.checks import check_recipe
from src.dataset import Dataset
from src.errors import ModelSideError, StoreError
from src.fitting import fit
from src.profiles import profile
from src.quiet import import_tensorflow
from src.recipe import Params, Recipe, Training
from src.release import SERVED_FROM
from src.run import Run


def train(
    recipe: Recipe[Any],
    hyperparameters: Params,
    model_store: Path,
    *,
    served_from: PurePosixPath = SERVED_FROM,
    progress: bool = False,
) -> Run:
    """Train, judge, export, verify, publish, report; and promote what passes the gate.

    Args:
        recipe: What to train.
        hyperparameters: How.
        model_store: Where to publish; made if missing.
        served_from: The store's folder as the model server sees it.
        progress: Whether to draw a progress bar.

    Returns:
        The run, with the version it published: the stable one now or, where the gate's verdict is against it, one that
        is kept unpromoted.

    Raises:
        RecipeError: The recipe's parts do not fit together.
        ModelSideError: TF_CONFIG asks for several workers.
        StoreError: The store cannot be written.
        GateError: The model answers no numbers, so that there is nothing to keep.
        ArtefactError: The SavedModel does not reproduce the Keras model.
    """
    check_recipe(recipe)
    store.prepare(model_store, served_from=served_from)
    _make_repeatable(hyperparameters.seed)
    dataset = own_code.load(recipe, hyperparameters)
    run = _begin(recipe, hyperparameters, dataset)
    try:
        model = _fit(run, hyperparameters, dataset, progress=progress)
        judge = _Judge(run, model, dataset, own_code.fit_baseline(recipe, run.train.sample))
        _publish(judge, model_store, served_from)
    except ModelSideError as error:
        if run.history.losses:  # what went on until then can be looked at
            run.verdict = gate.Verdict(passed=False, reasons=[str(error)], stable=None)
            report.write(run, model_store)
        raise
    report.write(run, model_store)
    return run


def _make_repeatable(seed: int) -> None:
    """Have every random number follow from the seed, and every sum be taken in one order."""
    import_tensorflow()
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def _begin(recipe: Recipe[Any], params: Params, dataset: Dataset) -> Run:
    """Go over the data, before any time is spent on training."""
    train, test = (profile(recipe, name, rows) for name, rows in (("train", dataset.train), ("test", dataset.test)))
    describe.check_room(recipe, train)
    return Run(recipe, describe.origin(recipe, params, dataset.source, train, test), train, test)


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
        fit(model, dataset.train, run.test.sample, params, run.history, progress=progress)
    finally:
        run.seconds = time.perf_counter() - start
    return model


@dataclass(frozen=True)
class _Judge:
    """A trained model, and what it takes to judge it, again if need be."""

    run: Run
    model: Any
    dataset: Dataset
    baseline: metrics.Predictor

    def judge(self, model_store: Path) -> tuple[metrics.Evaluation, gate.Verdict]:
        """Measure the model beside the baseline and the stable version, and put it to the gate."""
        run, recipe = self.run, self.run.recipe
        stable = rival.load(model_store, recipe.name, run.origin.data.sha256)
        evaluation, answers = metrics.evaluate(
            metrics.of_keras(self.model),
            self.baseline,
            recipe.baseline.name,
            self.dataset,
            stable.predictors() if stable else {},
        )
        gate.check_finite(evaluation)
        answers, compared = stable.judged(answers) if stable else (answers, None)
        verdict = gate.judge(evaluation, answers, compared, min_r2=recipe.min_r2, max_regression=recipe.max_regression)
        run.evaluation, run.answers, run.verdict = evaluation, answers, verdict
        return evaluation, verdict


def _publish(judge: _Judge, model_store: Path, served_from: PurePosixPath) -> None:
    """Publish the model with its card, and promote it if the gate lets it through."""
    run, model = judge.run, judge.model
    recipe, sample = run.recipe, run.train.sample
    evaluation, verdict = judge.judge(model_store)

    def write(path: Path) -> bool:
        nonlocal evaluation, verdict
        stable = release.stable(model_store, recipe.name)
        if stable != (verdict.stable.version if verdict.stable else None):
            # Another run has promoted a version meanwhile. None else can now: this is the one to be held against.
            evaluation, verdict = judge.judge(model_store)
        card = describe.build_card(recipe, run.origin, run.train, metrics.of_keras(model), evaluation, verdict)
        with store_errors(path):
            export.export(model, recipe, card, sample, path)
        verify.verify(path, model, recipe, card, sample)
        return verdict.passed

    run.version = store.publish(model_store, recipe.name, write, served_from=served_from)


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn reports of a full or failing disk, TensorFlow's own too, into the store's error.

    Args:
        path: What the block writes.

    Raises:
        StoreError: It could not be written.
    """
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        # Such as "{{function_node ...}} <file>; No space left on device [Op:SaveV2]".
        reason = " ".join(str(error.message).split()).rpartition("; ")[2].partition(" [Op:")[0]
        raise StoreError(f"cannot write {path}: {reason[:300]}") from error
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error
