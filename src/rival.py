"""The stable version, which a candidate must not fall behind."""

from dataclasses import dataclass
from pathlib import Path

from src import release, store
from src.dataset import Rows
from src.errors import ModelSideError
from src.gate import Stable
from src.metrics import Answers, Predictor, in_batches
from src.saved_model import SavedModel


@dataclass(frozen=True)
class Rival:
    """The stable version, loaded.

    Attributes:
        version: Its number.
        answer: What answers inputs; None where it cannot be asked.
        note: Why not.
    """

    version: int
    answer: Predictor | None
    note: str | None = None

    def predictors(self) -> dict[str, Predictor]:
        """Itself by the name "stable", if it can be asked."""
        return {} if self.answer is None else {"stable": self.answer}

    def judged(self, answers: Answers) -> Stable:
        """What the gate compares with, from the answers to the held-out rows."""
        test = answers.metrics("stable") if "stable" in answers.given else None
        return Stable(version=self.version, test=test, note=self.note)


def load(model_store: Path, model: str, rows: Rows) -> Rival | None:
    """Load the stable version, and try it on one row.

    A stable version that is damaged, or takes other inputs than the candidate's data have, cannot be compared with, and
    should not keep a good candidate from taking its place.

    Args:
        model_store: The store.
        model: The model's name.
        rows: What it will be asked.

    Returns:
        The stable version; None where there is none.

    Raises:
        StoreError: `models.config` is not valid.
    """
    version = release.stable(model_store, model)
    if version is None:
        return None
    try:
        answer = in_batches(SavedModel(store.find(model_store, model, version)[1]).answer)
        row = next(iter(rows.chunks())).take(slice(1))
        shape = answer(row.inputs).shape
    except ModelSideError as error:
        return Rival(version, None, str(error))
    if shape != row.targets.shape:
        return Rival(version, None, f"it answers with shape {shape} where the targets have {row.targets.shape}")
    return Rival(version, answer)
