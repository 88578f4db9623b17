"""The DVC pipeline, in a repository of its own: what runs when what has changed, and what can be seen of it.

The tests share one repository, in their order.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.commands import PROJECT, user_environment

HOMES = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DVC_SITE_CACHE_DIR")
AUTHOR = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL")
FILES = (".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore", "dvc.yaml", "params.yaml")
AFTER_TRAINING = ["train", "evaluate@train", "evaluate@test", "report"]


class Repository:
    """A copy of the project with its own git and DVC, neither of which sees this user's settings or home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        own = {name: str(folder / name) for name in HOMES} | dict.fromkeys(AUTHOR, "tests@example.org")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = user_environment() | own | {"PATH": path, "DVC_NO_ANALYTICS": "true"}

    def run(self, *command: str) -> str:
        """Run a command here; it has to succeed. Gives its standard output."""
        ended = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=200, check=False
        )
        assert ended.returncode == 0, f"{command}:\n{ended.stdout}{ended.stderr}"
        return ended.stdout

    def commit(self) -> None:
        """Commit whatever has changed."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "As it is now")

    def change(self, section: str, parameter: str, value: float) -> None:
        """Change one parameter in `params.yaml`."""
        file = self.folder / "params.yaml"
        params = yaml.safe_load(file.read_text(encoding="utf-8"))
        params[section][parameter] = value
        file.write_text(yaml.safe_dump(params), encoding="utf-8")

    def repro(self) -> list[str]:
        """Bring the pipeline up to date; gives the stages that ran."""
        told = self.run("dvc", "repro").splitlines()
        return [line.split("'")[1] for line in told if line.startswith("Running stage")]

    def metrics(self, split: str = "test") -> Any:
        """What the last evaluation found."""
        return json.loads((self.folder / "pipeline" / "metrics" / f"{split}.json").read_text(encoding="utf-8"))

    def trained_with(self) -> Any:
        """The parameters that the trained model itself says it has."""
        card = self.folder / "pipeline" / "store" / "line" / "1" / "assets.extra" / "card.json"
        return json.loads(card.read_text(encoding="utf-8"))["params"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """The project, committed, with the line as the pipeline's recipe, and all of its stages run and committed."""
    repository = Repository(tmp_path_factory.mktemp("pipeline"))
    shutil.copytree(PROJECT / "src", repository.folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / ".dvc" / "plots", repository.folder / ".dvc" / "plots")
    for file in (*FILES, "requirements_model.txt"):
        shutil.copy(PROJECT / file, repository.folder / file)
    repository.run("git", "init", "--quiet", "--initial-branch=main")
    params = yaml.safe_load((repository.folder / "params.yaml").read_text(encoding="utf-8"))
    (repository.folder / "params.yaml").write_text(yaml.safe_dump(params | {"pipeline": {"recipe": "line"}}))
    repository.commit()
    assert repository.repro() == ["prepare", *AFTER_TRAINING]
    repository.commit()
    yield repository
    repository.run("dvc", "queue", "stop", "--kill")


def test_nothing_runs_while_nothing_has_changed(repository: Repository) -> None:
    """A second run does nothing, and nothing is left for git to see."""
    assert repository.repro() == []
    assert repository.run("git", "status", "--porcelain") == ""


def test_another_recipes_parameters_are_nothing_to_it(repository: Repository) -> None:
    """Only the section of the pipeline's own recipe counts."""
    repository.change("diamonds", "epochs", 41)
    assert repository.repro() == []


def test_what_was_made_can_be_looked_at(repository: Repository) -> None:
    """Metrics are numbers by name, and the plots find their tables."""
    (shown,) = json.loads(repository.run("dvc", "metrics", "show", "--json")).values()
    metrics = shown["data"]["pipeline/metrics/test.json"]["data"]
    assert metrics == repository.metrics()
    assert metrics["model"]["mae"] < 0.01 < metrics["baseline"]["mae"]
    plots = json.loads(repository.run("dvc", "plots", "show", "--json"))
    assert len(plots["data"]) == 3
    for name, (plot,) in plots["data"].items():
        assert plot["content"]["data"]["values"], name
    assert "errors" not in plots


def test_a_changed_parameter_trains_and_the_differences_can_be_seen(repository: Repository) -> None:
    """The data are not gone over again; parameters and metrics are held against those of the last commit."""
    before = repository.metrics()["model"]["mae"]
    repository.change("line", "epochs", 600)
    assert repository.repro() == AFTER_TRAINING
    after = repository.metrics()["model"]["mae"]
    assert after < before / 2
    metrics = json.loads(repository.run("dvc", "metrics", "diff", "--json"))
    seen = metrics["pipeline/metrics/test.json"]["model.mae"]
    assert (seen["old"], seen["new"]) == (before, after)
    params = json.loads(repository.run("dvc", "params", "diff", "--json"))
    assert params["params.yaml"]["line.epochs"] == {"old": 500, "new": 600, "diff": 100}
    repository.commit()


def test_a_queued_experiment_trains_with_its_own_parameters(repository: Repository) -> None:
    """It runs in a copy of the repository, by its parameters, and leaves the workspace alone until it is applied."""
    assert repository.trained_with()["epochs"] == 600
    repository.run("dvc", "exp", "run", "--queue", "--name", "longer", "--set-param", "line.epochs=700", "train")
    repository.run("dvc", "exp", "run", "--run-all")
    assert repository.trained_with()["epochs"] == 600
    repository.run("dvc", "exp", "apply", "longer")
    assert repository.trained_with()["epochs"] == 700
