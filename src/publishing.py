"""From a trained model to a published version: judged, described, exported, verified."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src import answers, describe, export, gate, metrics, rival, store, verify
from src.dataset import Dataset
from src.errors import StoreError
from src.release import state
from src.release.operations import Operator
from src.release.plans import Judged
from src.run import Run


@dataclass(frozen=True)
class Judge:
    """A trained model, and what it takes to judge it, again if need be."""

    run: Run
    model: Any
    dataset: Dataset
    baseline: answers.Predictor

    def judge(self, model_store: Path) -> tuple[metrics.Evaluation, gate.Verdict]:
        """Measure the model beside the baseline and the stable version, and put it to the gate.

        Args:
            model_store: Where the stable version is.

        Returns:
            The metrics and the verdict, which the run keeps too.

        Raises:
            GateError: The model answers no numbers.
            RecipeError: The baseline answers none.
        """
        run, recipe = self.run, self.run.recipe
        stable = rival.load(model_store, recipe, run.origin.data.sha256)
        model = answers.of_keras(self.model)
        thresholds = answers.tune({"model": model, "baseline": self.baseline}, self.dataset, recipe)
        run.thresholds = thresholds.get("model", ())
        evaluation, given = answers.evaluate(
            model,
            self.baseline,
            recipe.baseline.name,
            self.dataset,
            stable.predictors() if stable else {},
            scoring=recipe.scoring,
            thresholds=thresholds | ({"stable": stable.thresholds} if stable else {}),
        )
        gate.check_finite(evaluation)
        given, compared = stable.judged(given) if stable else (given, None)
        verdict = gate.judge(
            evaluation,
            given,
            compared,
            min_r2=recipe.min_r2,
            max_regression=recipe.max_regression,
            min_f1=recipe.min_f1,
        )
        run.evaluation, run.answers, run.verdict = evaluation, given, verdict
        return evaluation, verdict


def publish(judge: Judge, operator: Operator, *, promote: bool) -> None:
    """Publish the model with its card, and promote it if the gate lets it through.

    Args:
        judge: The model.
        operator: Who promotes it; in their store, which is prepared.
        promote: Whether to promote it at all.

    Raises:
        GateError: The model answers no numbers, so that there is nothing to keep.
        StoreError: The store cannot be written.
        ArtefactError: The SavedModel does not reproduce the Keras model.
        ReleaseError: The version is published, and cannot be promoted.
    """
    run, model, model_store = judge.run, judge.model, operator.store
    recipe, sample = run.recipe, run.train.sample
    evaluation, verdict = judge.judge(model_store)

    def write(path: Path) -> None:
        nonlocal evaluation, verdict
        if state.stable(model_store, recipe.name) != _rival(verdict):
            # Another run has promoted a version meanwhile. No other run can now: this is the one to be held against.
            evaluation, verdict = judge.judge(model_store)
        answer = answers.of_keras(model)
        card = describe.build_card(recipe, run.origin, run.train, answer, evaluation, verdict, run.thresholds)
        with store_errors(path):
            export.export(model, recipe, card, sample, path)
        verify.verify(path, model, recipe, card, sample)

    def release(version: int) -> None:
        run.version = version
        if not (verdict.passed and promote):
            operator.tidy(recipe.name)
            return
        try:
            operator.promote(recipe.name, version, judged=Judged(_rival(verdict)))
        finally:  # what is left to do then may fail
            run.is_promoted = state.stable(model_store, recipe.name) == version

    store.publish(model_store, recipe.name, write, release)


def _rival(verdict: gate.Verdict) -> int | None:
    """The version that the model was judged against."""
    return verdict.stable.version if verdict.stable else None


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
