"""The stable version, which a candidate must not fall behind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from src.answers import Answers, Predictor, in_batches
from src.card import read_card
from src.dtypes import Array
from src.errors import ModelSideError
from src.gate import Stable
from src.recipe import Recipe
from src.release import state
from src.saved_model import load_for


@dataclass
class Rival:
    """The stable version, asked beside a candidate.

    A stable version that is damaged, takes other inputs than the candidate's data have, or has no answer to some of
    them cannot be compared with, and should not keep a good candidate from taking its place.

    Attributes:
        version: Its number.
        answer: What answers inputs; None where it cannot be loaded.
        outputs: How many numbers a row the candidate answers.
        thresholds: From which probability on it says a label.
        fault: Why it cannot be compared with, as far as is known.
        note: What is to be known of the comparison.
    """

    version: int
    answer: Predictor | None
    outputs: int = 1
    thresholds: tuple[float, ...] = ()
    fault: str | None = None
    note: str | None = None

    def predictors(self) -> dict[str, Predictor]:
        """Itself by the name "stable", if it can be asked."""
        return {} if self.answer is None else {"stable": self._try}

    def judged(self, answers: Answers) -> tuple[Answers, Stable]:
        """What the gate compares with.

        Args:
            answers: To the held-out rows.

        Returns:
            The answers, without the stable version's where it had none to some rows; and its metrics, or why not.
        """
        if "stable" in answers.given and not self.fault:
            if np.isfinite(answers.given["stable"]).all():
                return answers, Stable(version=self.version, test=answers.metrics("stable"), note=self.note)
            self.fault = "its answers are not all finite numbers"
        others = {name: given for name, given in answers.given.items() if name != "stable"}
        return replace(answers, given=others), Stable(version=self.version, test=None, note=self.fault)

    def _try(self, inputs: Mapping[str, Array]) -> Array:
        """Its answers; after a first failure, no more than their shape."""
        shape = (len(next(iter(inputs.values()))), self.outputs)
        if self.answer is not None and not self.fault:
            try:
                found = self.answer(inputs)
            except ModelSideError as error:
                self.fault = str(error)
            else:
                if found.shape == shape:
                    return found
                self.fault = f"it answers with shape {found.shape} where the targets have {shape}"
        return np.full(shape, np.nan, "float32")


def load(model_store: Path, recipe: Recipe[Any], data_sha256: str) -> Rival | None:
    """Load the stable version.

    Args:
        model_store: The store.
        recipe: What the candidate is.
        data_sha256: The checksum of the data that it will be asked of.

    Returns:
        The stable version; None where there is none.

    Raises:
        StoreError: `models.config` is not valid.
    """
    version = state.stable(model_store, recipe.name)
    if version is None:
        return None
    path = model_store / recipe.name / str(version)
    try:
        loaded, card = load_for(recipe, path), read_card(path)
    except ModelSideError as error:
        return Rival(version, None, fault=str(error))
    other = card is not None and card.data.sha256 != data_sha256
    return Rival(
        version,
        in_batches(loaded.answer),
        len(recipe.outputs),
        loaded.thresholds,
        note="it was trained on other data, and may have seen these rows" if other else None,
    )
