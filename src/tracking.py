"""Records a training run in MLflow: how it was trained, how good it is, what came of it."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from src import registry, report
from src.models_config import CARD_FILE
from src.run import Run

STABLE, CANDIDATE = "stable", "candidate"


def record(run: Run, store: Path) -> str:
    """Record a run and, where it published a version that the gate let through, register it.

    Args:
        run: The run, as far as it came; its report is written.
        store: The model store, which has the version.

    Returns:
        A line on where it is.

    Raises:
        TrackingError: MLflow is not installed, or cannot be reached.
    """
    with registry.client() as client:
        experiment = _experiment(client, run.recipe.name)
        name = f"{run.recipe.name} version {run.version}" if run.version else f"{run.recipe.name}, not published"
        tags = dict(_tags(run)) | {"mlflow.runName": name, "mlflow.source.name": "python -m src.train"}
        made = client.create_run(experiment, tags=tags).info
        try:
            _log(client, made.run_id, run, store)
        except BaseException:
            client.set_terminated(made.run_id, "FAILED")
            raise
        client.set_terminated(made.run_id, "FINISHED" if run.version else "FAILED")
        told = f"recorded as run {made.run_id}"
        if run.version and run.verdict and run.verdict.passed and not run.verdict.reasons:  # nor did servers refuse it
            told += f", registered as {_register(client, run, made)}"
        return f"{told}, in {registry.shown(registry.tracking_uri())}"


def check(model: str) -> None:
    """See that runs can be recorded, before any time is spent on one.

    Raises:
        TrackingError: MLflow is not installed, or cannot be reached.
    """
    with registry.client() as client:
        _experiment(client, model)


def _experiment(client: Any, name: str) -> str:
    """The experiment of a model; its files lie beside the default database, else where its server keeps them."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = str(registry.FOLDER / "artifacts" / name) if registry.is_default() else None
    return str(client.create_experiment(name, artifact_location=place))


def _tags(run: Run) -> Iterator[tuple[str, str]]:
    origin = run.origin
    if origin.git:
        yield "mlflow.source.git.commit", origin.git.commit
        yield "dirty", str(origin.git.dirty).lower()
    yield "data.source", origin.data.source
    yield "data.sha256", origin.data.sha256
    yield from ((f"library.{name}", version) for name, version in origin.libraries.items())
    if run.version:
        yield "version", str(run.version)
    if run.verdict:
        yield "gate", "passed" if run.verdict.passed else "refused"
        if run.verdict.reasons:
            yield "gate.reasons", "; ".join(run.verdict.reasons)


def _log(client: Any, run_id: str, run: Run, store: Path) -> None:
    from mlflow.entities import Metric, Param

    params = [Param(name, str(value)) for name, value in run.origin.params.items()]
    metrics = [Metric(name, number, 0, 0) for name, number in _metrics(run)]
    client.log_batch(run_id, metrics=metrics, params=params)
    for curve, points in (("loss", run.history.losses), (f"held_out_{_word(run)}", run.history.held_out)):
        _log_curve(client, run_id, curve, points)
    client.log_artifact(run_id, str(report.path(run, store)))
    if run.version:
        folder = store / run.recipe.name / str(run.version)
        client.log_artifacts(run_id, str(folder), "model")
        client.log_artifact(run_id, str(folder / CARD_FILE))


def _log_curve(client: Any, run_id: str, name: str, points: list[tuple[int, float]]) -> None:
    """Points, in portions of what a server takes at a time; a loss that became NaN or infinite is left out."""
    from mlflow.entities import Metric

    metrics = [Metric(name, value, 0, step) for step, value in points if math.isfinite(value)]
    for start in range(0, len(metrics), 1000):
        client.log_batch(run_id, metrics=metrics[start : start + 1000])


def _metrics(run: Run) -> Iterator[tuple[str, float]]:
    yield "training_seconds", run.seconds
    if run.evaluation:
        for who, found in (("", run.evaluation.model), ("baseline_", run.evaluation.baseline)):
            for split, metrics in (("test", found.test), ("train", found.train)):
                yield from _flat(f"{who}{split}", msgspec.to_builtins(metrics))


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(prefix, value)
        elif value is not None:
            yield f"{prefix}_{name}", float(value)


def _word(run: Run) -> str:
    return run.recipe.scoring.loss_name.lower().replace(" ", "_")


def _register(client: Any, run: Run, made: Any) -> str:
    """Register the version by its model's name, under an alias."""
    from mlflow.exceptions import MlflowException

    model = run.recipe.name
    try:
        client.get_registered_model(model)
    except MlflowException:
        client.create_registered_model(model, description=run.recipe.description)
    tags = {"version": str(run.version), "data.sha256": run.origin.data.sha256}
    source = f"{made.artifact_uri}/model"
    version = client.create_model_version(model, source, made.run_id, tags=tags).version
    alias = STABLE if run.is_promoted else CANDIDATE
    client.set_registered_model_alias(model, alias, version)
    return f"{model}@{alias} ({version})"
