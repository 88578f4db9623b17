"""MLflow: what is recorded of a run, what is registered, and how a registered version comes into a store."""

import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from src import registry, tracking, train
from src.errors import GateError, ReleaseError, StoreError, TrackingError
from src.gate import Verdict
from src.release import __main__ as release
from src.release import integrity, state
from src.run import Run

NO_MLFLOW = """
import sys
sys.modules["mlflow"] = None
from src import cli, train
from src.release import __main__ as release
main = {"train": train.main, "release": release.main}[sys.argv[1]]
sys.exit(cli.run(lambda: main(sys.argv[2:]), sys.argv[1]))
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory, line_runs: tuple[Path, list[Run]]) -> Iterator[Path]:
    """MLflow's folder, in which the line's two runs are recorded."""
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(registry, "FOLDER", folder / "mlruns")
        store, (first, second) = line_runs
        tracking.record(first, store)
        tracking.record(second, store)
        yield folder / "mlruns"


@pytest.fixture
def client(recorded: Path) -> Any:
    """MLflow's own client."""
    return MlflowClient(f"sqlite:///{recorded / 'mlflow.db'}")


def runs(client: Any) -> list[Any]:
    """The recorded runs, in their order: first those of the fixture."""
    experiment = client.get_experiment_by_name("line")
    return sorted(client.search_runs([experiment.experiment_id]), key=lambda run: run.info.start_time)


def pull(store: Path, *words: str) -> None:
    """Pull into a store that no server reads."""
    release.main(["pull", *words, "--store", str(store), "--offline"])


def test_a_run_is_recorded_with_all_that_is_known_of_it(client: Any, line_runs: tuple[Path, list[Run]]) -> None:
    """Parameters, metrics of both splits beside the baseline's, tags on its origin and the gate's verdict."""
    run, origin = runs(client)[1], line_runs[1][1].origin
    evaluation = line_runs[1][1].evaluation
    assert evaluation
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "line version 2"
    assert run.data.params == {name: str(value) for name, value in origin.params.items()}
    assert run.data.metrics["test_mae"] == evaluation.model.test.mae
    assert run.data.metrics["train_r2"] == evaluation.model.train.r2
    assert run.data.metrics["baseline_test_rmse"] == evaluation.baseline.test.rmse
    assert run.data.tags["data.sha256"] == origin.data.sha256
    assert (run.data.tags["version"], run.data.tags["gate"]) == ("2", "passed")


def test_the_learning_curves_are_recorded_by_step(client: Any, line_runs: tuple[Path, list[Run]]) -> None:
    """The loss and the error on held-out rows, at the steps where they were seen."""
    run_id, history = runs(client)[1].info.run_id, line_runs[1][1].history
    loss = sorted((metric.step, metric.value) for metric in client.get_metric_history(run_id, "loss"))
    held_out = sorted((metric.step, metric.value) for metric in client.get_metric_history(run_id, "held_out_mae"))
    assert loss == history.losses
    assert held_out == history.held_out


def test_the_files_are_recorded(client: Any) -> None:
    """The SavedModel, its card and the report."""
    run_id = runs(client)[1].info.run_id
    assert {file.path for file in client.list_artifacts(run_id)} == {"model", "card.json", "2.html"}
    assert "model/saved_model.pb" in {file.path for file in client.list_artifacts(run_id, "model")}


def test_what_was_promoted_is_registered_as_stable(client: Any) -> None:
    """Both versions are registered, and the alias is the newest one's."""
    assert {version.tags["version"] for version in client.search_model_versions("name='line'")} == {"1", "2"}
    assert client.get_model_version_by_alias("line", "stable").tags["version"] == "2"


def test_what_waits_is_registered_as_a_candidate(client: Any, line_runs: tuple[Path, list[Run]]) -> None:
    """A version that passed the gate and was not promoted has another alias; the stable one stays."""
    store, (_, second) = line_runs
    told = tracking.record(replace(second, is_promoted=False), store)
    assert ", registered as line@candidate (" in told
    assert client.get_model_version_by_alias("line", "stable").tags["version"] == "2"


def test_what_the_gate_refused_is_recorded_and_not_registered(client: Any, line_runs: tuple[Path, list[Run]]) -> None:
    """Its reasons are a tag."""
    store, (first, _) = line_runs
    verdict = Verdict(passed=False, reasons=["it is worse", "it is slow"], stable=None)
    told = tracking.record(replace(first, verdict=verdict, is_promoted=False), store)
    assert "registered" not in told
    assert runs(client)[-1].data.tags["gate.reasons"] == "it is worse; it is slow"


def test_a_registered_version_is_pulled_and_promoted(recorded: Path, tmp_path: Path) -> None:
    """Into an empty store it comes as version 1, whole, and is stable; the history says where it is from."""
    assert recorded.exists()
    pull(tmp_path / "store", "line@stable")
    assert state.stable(tmp_path / "store", "line") == 1
    assert integrity.check(tmp_path / "store" / "line" / "1", "line")
    assert '"reason":"pulled from @stable"' in (tmp_path / "store" / "history.jsonl").read_text()


def test_pulled_again_it_is_the_same_version(recorded: Path, tmp_path: Path) -> None:
    """What the store has, file by file, is not taken in twice."""
    assert recorded.exists()
    pull(tmp_path / "store", "line@stable", "--no-promote")
    assert state.stable(tmp_path / "store", "line") is None
    pull(tmp_path / "store", "line@stable")
    assert [path.name for path in (tmp_path / "store" / "line").iterdir() if path.name.isdigit()] == ["1"]
    assert state.stable(tmp_path / "store", "line") == 1


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("line@best", "Registered model alias best not found"),
        ("lime@stable", "Registered Model with name=lime not found"),
    ],
)
def test_what_is_not_registered_is_told(recorded: Path, tmp_path: Path, word: str, words: str) -> None:
    """An unknown alias and an unknown model are one clear line each, with the place."""
    with pytest.raises(TrackingError, match=rf"^MLflow at sqlite:///{recorded}/mlflow\.db: {words}"):
        pull(tmp_path / "store", word)


def test_a_folder_is_taken_in_like_a_registered_version(line_runs: tuple[Path, list[Run]], tmp_path: Path) -> None:
    """What another tool has brought here comes into the store by its folder."""
    pull(tmp_path / "store", "line", "--from", str(line_runs[0] / "line" / "1"))
    assert state.stable(tmp_path / "store", "line") == 1


def test_what_is_damaged_or_of_another_model_is_refused(line_runs: tuple[Path, list[Run]], tmp_path: Path) -> None:
    """Nothing is left in the store of a version with a wrong file, of another model's, or of a missing folder."""
    source, store = line_runs[0] / "line" / "1", tmp_path / "store"
    broken = tmp_path / "broken"
    shutil.copytree(source, broken)
    (broken / "fingerprint.pb").write_bytes(b"x")
    with pytest.raises(ReleaseError, match=r"broken is not taken into the store: its fingerprint\.pb is not what was"):
        pull(store, "line", "--from", str(broken))
    with pytest.raises(ReleaseError, match="is not taken into the store: its card says that it is a version of line"):
        pull(store, "lime", "--from", str(source))
    with pytest.raises(StoreError, match="there is no folder"):
        pull(store, "line", "--from", str(tmp_path / "nowhere"))
    assert not list(store.glob("*/*"))


@pytest.mark.parametrize("words", [["line"], ["line@"], ["line@stable", "--from", "x"]])
def test_a_pull_from_nowhere_or_from_two_places_is_a_wrong_call(words: list[str], tmp_path: Path) -> None:
    """Either an alias or a folder has to say what to pull."""
    with pytest.raises(SystemExit) as caught:
        pull(tmp_path, *words)
    assert caught.value.code == 2


def test_a_server_that_is_away_is_told_before_any_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the address, without the password in it, and nothing is trained."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingError) as caught:
        train.main(["line", "--track", "--quiet", "--store", str(tmp_path / "store")])
    told = str(caught.value)
    assert told.startswith("MLflow at http://***@127.0.0.1:9: ")
    assert "secret" not in told
    assert "\n" not in told
    assert not (tmp_path / "store").exists()


def test_a_record_that_fails_in_the_end_costs_no_version(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The version is published and promoted, which is told, and the error says that only the record is missing."""
    assert recorded.exists()

    def fail(*_arguments: object) -> str:
        raise TrackingError("the disk is full")

    monkeypatch.setattr(tracking, "record", fail)
    store = tmp_path / "store"
    with pytest.raises(TrackingError) as caught:
        train.main(["line", "--track", "--store", str(store), "--set", "epochs=200"])
    assert str(caught.value) == "line version 1 is published, and the run is not recorded: the disk is full"
    assert "line version 1 is published and promoted" in capsys.readouterr().out
    with pytest.raises(GateError, match=r"^refused: "):
        train.main(["line", "--track", "--quiet", "--store", str(store), "--set", "epochs=2"])
    assert capsys.readouterr().err == "train: the run is not recorded: the disk is full\n"


def test_a_database_without_its_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow imports a database's or a cloud's package late; that it is missing is one line."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:secret@127.0.0.1:9/mlflow")
    with pytest.raises(TrackingError, match=r"^MLflow at postgresql://\*\*\*@127\.0\.0\.1:9/mlflow: No module named "):
        tracking.check("line")


@pytest.mark.parametrize("name", ["../evil", "/abs", "", "a b", "models.config", ".hidden"])
def test_a_pull_stays_in_the_store(name: str, line_runs: tuple[Path, list[Run]], tmp_path: Path) -> None:
    """What is no model's name is refused before anything is written."""
    store = tmp_path / "in" / "store"
    with pytest.raises(ReleaseError, match=r"is no model's name$"):
        pull(store, name, "--from", str(line_runs[0] / "line" / "1"), "--no-promote")
    assert not (tmp_path / "in").exists()


def test_a_folder_without_checksums_is_taken_by_force_only(line_runs: tuple[Path, list[Run]], tmp_path: Path) -> None:
    """Nobody can tell whether such a copy is whole."""
    copy = tmp_path / "copy"
    shutil.copytree(line_runs[0] / "line" / "1", copy)
    (copy / integrity.SUMS_FILE).unlink()
    with pytest.raises(ReleaseError, match=r"--force takes it all the same$"):
        pull(tmp_path / "store", "line", "--from", str(copy))
    pull(tmp_path / "store", "line", "--from", str(copy), "--force")
    assert state.stable(tmp_path / "store", "line") == 1


def test_a_damaged_version_is_replaced_by_pulling_it_again(line_runs: tuple[Path, list[Run]], tmp_path: Path) -> None:
    """A version of the same checksums whose files are not what they say is none that the store has."""
    store, source = tmp_path / "store", str(line_runs[0] / "line" / "1")
    pull(store, "line", "--from", source)
    (store / "line" / "1" / "saved_model.pb").write_bytes(b"torn")
    pull(store, "line", "--from", source)
    assert state.stable(store, "line") == 2


def without_mlflow(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command where MLflow cannot be imported."""
    command = [sys.executable, "-c", textwrap.dedent(NO_MLFLOW), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_without_mlflow_the_rest_works(tmp_path: Path, line_runs: tuple[Path, list[Run]]) -> None:
    """What asks for MLflow says how to install it, at once; a folder is pulled without it."""
    store = tmp_path / "store"
    for words in (["train", "line", "--track"], ["release", "pull", "line@stable"]):
        done = without_mlflow(*words, "--store", store)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"{words[0]}: MLflow is not installed (")
        assert done.stderr.endswith("): pip install -r requirements_mlops.txt\n")
    assert not list(store.glob("*/*"))
    folder = line_runs[0] / "line" / "1"
    done = without_mlflow("release", "pull", "line", "--from", folder, "--store", store, "--offline")
    assert done.returncode == 0, done.stderr


def test_pulling_takes_no_tensorflow(recorded: Path, tmp_path: Path) -> None:
    """A server's host needs no trainer."""
    program = """
        import sys
        from pathlib import Path
        from src import registry
        registry.FOLDER = Path(sys.argv[1])
        from src.release.__main__ import main
        main(sys.argv[2:])
        print(sorted({"tensorflow", "keras"} & set(sys.modules)))
    """
    words = ["pull", "line@stable", "--store", str(tmp_path / "store"), "--offline"]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(recorded), *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
