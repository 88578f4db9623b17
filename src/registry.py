"""MLflow, where it is installed: runs are recorded in it, and registered models come back from it."""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from src.errors import TrackingError

FOLDER = Path(__file__).parents[1] / "mlruns"
# MLflow's own settings, for those who have not set them: whose server is away should be told soon, nothing is told to
# others, and output is for what the commands have to say.
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


def tracking_uri() -> str:
    """Where runs and models are registered: MLFLOW_TRACKING_URI, else an SQLite file in the project's `mlruns/`."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{FOLDER / 'mlflow.db'}"


def shown(text: str) -> str:
    """A text without the user names and passwords that addresses in it may have."""
    return re.sub(r"(://)[^/@\s]+@", r"\1***@", text)


def is_default() -> bool:
    """Whether that is the project's own."""
    return not os.environ.get("MLFLOW_TRACKING_URI")


def check_installed() -> None:
    """Refuse where MLflow is missing, before any time is spent.

    Raises:
        TrackingError: It is not installed.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import mlflow  # noqa: F401  # seconds, and only for who asks for it
    except ImportError as error:
        raise TrackingError(f"MLflow is not installed ({error}): pip install -r requirements_mlops.txt") from error
    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


@contextmanager
def client() -> Iterator[Any]:
    """A connection to it.

    Yields:
        An `MlflowClient`.

    Raises:
        TrackingError: MLflow is not installed, or what the block asks of it fails.
    """
    check_installed()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        if is_default():
            FOLDER.mkdir(exist_ok=True)
        yield MlflowClient(tracking_uri(), os.environ.get("MLFLOW_REGISTRY_URI"))
    except (MlflowException, OSError, ImportError) as error:  # of a database's or a cloud's package, too
        raise TrackingError(f"MLflow at {shown(tracking_uri())}: {_reason(error)}") from error


def download(model: str, alias: str, to: Path) -> tuple[Path, str]:
    """Bring a registered model here.

    Args:
        model: Its registered name.
        alias: The alias of the version.
        to: An empty folder.

    Returns:
        The SavedModel's folder in there, and the number that the registry has for the version.

    Raises:
        TrackingError: There is no such model or alias, or it cannot be downloaded.
    """
    with client() as registry:
        from mlflow.artifacts import download_artifacts

        version = registry.get_model_version_by_alias(model, alias)
        source = registry.get_model_version_download_uri(model, version.version)
        folder = download_artifacts(artifact_uri=source, dst_path=str(to), tracking_uri=tracking_uri())
        return Path(folder), str(version.version)


def _reason(error: Exception) -> str:
    """In one line, of which the end tells most."""
    text = shown(" ".join(str(error).split()))
    return text if len(text) <= 300 else f"{text[:100]} … {text[-200:]}"  # what went wrong stands last
