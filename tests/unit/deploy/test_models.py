"""Which models `make run` serves."""

from pathlib import Path

import pytest

from deploy import models


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ["line"]),
        ({"MODELS": "", "MODEL_NAME": ""}, ["line"]),
        ({"MODEL_NAME": "diamonds"}, ["diamonds"]),
        ({"MODELS": "diamonds line"}, ["diamonds", "line"]),
        ({"MODELS": " diamonds,line, diamonds"}, ["diamonds", "line"]),
        ({"MODELS": "diamonds line", "MODEL_NAME": "line"}, ["line", "diamonds"]),
    ],
)
def test_the_default_model_comes_first(environment: dict[str, str], expected: list[str]) -> None:
    """MODELS names several, by blank or comma, the first of them behind /predict unless MODEL_NAME says another."""
    assert models.chosen(environment) == expected


def test_a_default_that_is_not_among_the_models_is_refused() -> None:
    """Both given, and in conflict: neither is guessed to be meant."""
    with pytest.raises(ValueError, match=r"^MODEL_NAME=line is none of MODELS=diamonds rents; "):
        models.chosen({"MODELS": "diamonds rents", "MODEL_NAME": "line"})


def test_those_without_a_version_are_told_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is served already is not trained again, whether or not it has a recipe."""
    monkeypatch.setattr("deploy.models.state.stable", lambda _, name: 2 if name == "bare" else None)
    assert models.without_version(tmp_path, ["diamonds", "bare", "line"]) == ["diamonds", "line"]


def test_what_cannot_be_trained_is_refused(tmp_path: Path) -> None:
    """A name that is neither in the store nor a recipe's, such as a file's: how to train that one is said."""
    with pytest.raises(ValueError, match=r"^'\.\./rents\.py' is no model of the store and no recipe; .*RECIPE=FILE"):
        models.without_version(tmp_path, ["line", "../rents.py"])


def test_versions_that_are_kept_unpromoted_are_named(tmp_path: Path) -> None:
    """A model without a recipe here, none of whose versions is served: which there are to promote."""
    for version in ("1", "2"):
        (tmp_path / "rents" / version).mkdir(parents=True)
    (tmp_path / "models.config").touch()
    with pytest.raises(ValueError, match=r"^no version of rents is promoted; not promoted: 1, 2$"):
        models.without_version(tmp_path, ["rents"])
