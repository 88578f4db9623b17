"""Several models at once, one of them with six inputs of every kind: the gateway has no line that knows of them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.stack import Stack, command, started, train
from tests.servers import Command

FLAT = {
    "area": 0.5,
    "distance": 0.25,
    "rooms": 2,
    "furnished": True,
    "district": "old town",
    "remark": "a light room, balcony",
}
RENT = 3 * 0.5 - 0.25 + 0.5 * 2 + 1 + 1 + 1  # by the tariff that the model has learnt
LEAST_CASES = 2000


@pytest.fixture(scope="module")
def models(server_command: Command, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A gateway for the model of six inputs, and for the line."""
    folder = tmp_path_factory.mktemp("models")
    train(folder / "store")
    command("tests.unit.src.mixed", folder / "store")
    with started(folder, server_command, MODEL_NAME="mixed", MODEL_NAMES="line") as stack:
        stack.wait_until_ready()
        yield stack


def test_lists_all_models(models: Stack) -> None:
    """Every configured model is listed, and the gateway is ready once all of them are."""
    assert requests.get(f"{models.url}/v1/models", timeout=30).json() == {"models": ["mixed", "line"]}
    assert requests.get(f"{models.url}/readyz", timeout=30).json()["models"] == {"mixed": [1], "line": [1]}


def test_predicts_from_six_inputs(models: Stack) -> None:
    """Numbers, a boolean, a category and text, named in objects, are answered by what the model has learnt."""
    assert models.predict(FLAT).json()["prediction"] == pytest.approx(RENT, abs=0.3)
    answer = models.predict([FLAT, FLAT | {"furnished": False}]).json()
    assert answer["prediction"] == pytest.approx([RENT, RENT - 1], abs=0.3)
    assert answer.keys() == {"prediction", "model", "version"}


def test_the_other_model_is_asked_by_name(models: Stack) -> None:
    """A model that is not the default is asked by its name."""
    answer = requests.post(f"{models.url}/v1/models/line:predict", json={"instances": [10]}, timeout=30)
    assert answer.json() == {"predictions": [[pytest.approx(31, abs=1e-2)]]}


def test_warns_of_what_training_has_not_seen(models: Stack) -> None:
    """A value outside the range seen in training is answered, and pointed at."""
    answer = models.predict([FLAT, FLAT | {"area": 100.0}])
    assert answer.status_code == 200
    assert [warning["pointer"] for warning in answer.json()["warnings"]] == ["/data/1/area"]


def test_points_at_each_wrong_feature(models: Stack) -> None:
    """What is wrong with an instance is told feature by feature, an unknown category with those that are known."""
    wrong = {**FLAT, "district": "Mars", "rooms": 2.5, "furnished": "yes", "pets": 1}
    del wrong["area"]
    answer = models.predict([FLAT, wrong])
    assert answer.status_code == 422
    known = '"area", "distance", "rooms", "furnished", "district", "remark"'
    assert {error["pointer"]: error["detail"] for error in answer.json()["errors"]} == {
        "/data/1": 'the member "area" is missing',
        "/data/1/rooms": "expected an integer, got 2.5",
        "/data/1/furnished": "expected a boolean, got a string",
        "/data/1/district": 'expected one of "harbour", "old town", "Südhang"; got "Mars"',
        "/data/1/pets": f"unknown member; expected only {known}",
    }


def test_holds_to_its_own_document(models: Stack, tmp_path: Path) -> None:
    """Schemathesis finds nothing in thousands of requests made from the OpenAPI document."""
    config = Path("schemathesis.toml").resolve()
    program = "from schemathesis.cli import schemathesis; schemathesis()"
    words = [sys.executable, "-c", program, "--config-file", str(config)]
    options = ["--no-color", "--max-examples=60", "--seed=1", "--workers=1"]
    run = subprocess.run(
        [*words, "run", f"{models.url}/openapi.json", *options],
        cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    cases = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert cases is not None, run.stdout[-2000:]
    assert cases[1] == cases[2]
    assert int(cases[1]) >= LEAST_CASES
