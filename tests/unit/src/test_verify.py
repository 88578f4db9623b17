"""Verification: an artefact that is not what was trained is found out."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import tensorflow as tf

from src.errors import ArtefactError
from src.export import export
from src.verify import _compare, verify
from tests.unit.src.conftest import Trained


def check(trained: Trained, **changes: Any) -> None:
    """Verify an artefact against what was trained, changed as given."""
    given = {"path": trained.path, "model": trained.model, "card": trained.card, **changes}
    verify(given["path"], given["model"], trained.recipe, given["card"], trained.train)


def changed_model(trained: Trained, by: float) -> Any:
    """The Keras model with its bias moved."""
    import keras

    model = keras.models.clone_model(trained.model)
    kernel, bias = trained.model.get_weights()
    model.set_weights([kernel, bias + by])
    return model


def test_what_was_exported_is_confirmed(line: Trained, areas: Trained, mixed: Trained) -> None:
    """The exported SavedModel of the model itself raises nothing, with one feature and with several of every kind."""
    check(line)
    check(areas)
    check(mixed)


def test_another_models_answers_are_refused(line: Trained) -> None:
    """An artefact whose weights differ from the Keras model's is refused with the difference."""
    with pytest.raises(ArtefactError) as caught:
        check(line, model=changed_model(line, 0.5))
    assert str(caught.value) == "the exported SavedModel differs from Keras by up to 0.5 on one row"


def test_a_difference_within_the_tolerance_is_passed_over(line: Trained) -> None:
    """The last bits may differ, since additions may be done in another order."""
    check(line, model=changed_model(line, 1e-5))


def test_another_card_is_refused(line: Trained) -> None:
    """An artefact that carries another card than it should is refused."""
    with pytest.raises(ArtefactError, match=r"^the exported SavedModel does not give its card back$"):
        check(line, card=msgspec.structs.replace(line.card, seed=43))


def test_a_saved_model_without_the_signatures_is_refused(line: Trained, tmp_path: Path) -> None:
    """The message names the signatures that are missing."""
    tf.saved_model.save(tf.Module(), str(tmp_path))
    with pytest.raises(ArtefactError, match=r"^the exported SavedModel lacks the signature card, serving_default$"):
        check(line, path=tmp_path)


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_a_damaged_artefact_does_not_pass(line: Trained, tmp_path: Path, name: str) -> None:
    """A file that lost its second half, as a failing disk may leave it, is met before the artefact is published."""
    path = tmp_path / "saved_model"
    shutil.copytree(line.path, path)
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises((ArtefactError, OSError, tf.errors.OpError)):
        check(line, path=path)


def test_golden_outputs_that_the_artefact_does_not_give_are_refused(line: Trained, tmp_path: Path) -> None:
    """The artefact must reproduce its own card's golden rows too, whatever else it answers like the Keras model."""
    outputs = {"y": [[value + 1] for (value,) in line.card.golden.outputs["y"]]}
    golden = msgspec.structs.replace(line.card.golden, outputs=outputs)
    forged = msgspec.structs.replace(line.card, golden=golden)
    export(line.model, line.recipe, forged, line.train, tmp_path / "forged")
    with pytest.raises(
        ArtefactError, match=r"^the exported SavedModel differs from Keras by up to 1 on the golden rows$"
    ):
        check(line, path=tmp_path / "forged", card=forged)


def test_answers_of_another_shape_are_refused(line: Trained) -> None:
    """An answer per row is not enough: the shape must be the Keras model's."""
    with pytest.raises(ArtefactError) as caught:
        _compare(np.zeros((2,)), np.zeros((2, 1)), line.card.golden.tolerance, "a full batch")
    assert str(caught.value) == "the exported SavedModel answers a full batch with shape (2,), not (2, 1)"


def test_answers_that_are_no_numbers_are_refused(line: Trained) -> None:
    """NaN agrees with nothing."""
    expected = np.ones((1, 1))
    with pytest.raises(ArtefactError, match="differs from Keras by up to nan on one row"):
        _compare(expected * np.nan, expected, line.card.golden.tolerance, "one row")
