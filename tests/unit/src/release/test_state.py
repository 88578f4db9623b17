"""The release state: `models.config` is always there, valid, and respectful of what a hand wrote."""

import shutil
from pathlib import Path, PurePosixPath

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from src.release.operations import Operator
from src.release.state import stable
from src.release.traffic import Traffic
from src.release.upkeep import ensure_config, last_number, pin
from tests.unit.src.release.stored import add_version

HAND_EDITED = """# Ours since the spring.
model_config_list {
  config { name: "line"  base_path: "/elsewhere/line"  model_platform: "tensorflow"
           model_version_policy { specific { versions: 1 } } }
}
"""


def read(store: Path) -> model_server_config_pb2.ModelServerConfig:
    """The release state as a server reads it."""
    text = (store / "models.config").read_text(encoding="utf-8")
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


def test_a_saved_model_from_elsewhere_is_served_at_its_two_newest(tmp_path: Path) -> None:
    """Models are listed in order, with an absolute base path as the server sees it, and the version before stays."""
    for model in ("line", "cubes"):
        add_version(tmp_path, 1, model=model)
    ensure_config(tmp_path, PurePosixPath("/srv"))
    found = read(tmp_path).model_config_list.config
    assert [(model.name, model.base_path, model.model_platform) for model in found] == [
        ("cubes", "/srv/cubes", "tensorflow"),
        ("line", "/srv/line", "tensorflow"),
    ]
    assert {model.model_version_policy.latest.num_versions for model in found} == {2}


def served(store: Path) -> list[int]:
    """The line's versions that are named one by one."""
    (entry,) = read(store).model_config_list.config
    return list(entry.model_version_policy.specific.versions)


def test_of_a_lost_configuration_the_history_tells_what_was_stable(tmp_path: Path) -> None:
    """The version that was stable last is served again, and not one that it was rolled back from."""
    for version in (1, 2, 3):
        add_version(tmp_path, version, card={})
    for version in (1, 2):
        Operator(store=tmp_path).promote("line", version)
    Operator(store=tmp_path).rollback("line")
    (tmp_path / "models.config").unlink()
    ensure_config(tmp_path)
    assert served(tmp_path) == [1]
    assert stable(tmp_path, "line") == 1


def test_what_was_never_promoted_is_not_served(tmp_path: Path) -> None:
    """A version that was trained here and held back, or that the gate refused, is not served by the way."""
    add_version(tmp_path, 1, card={})
    ensure_config(tmp_path)
    assert (tmp_path / "models.config").read_text(encoding="utf-8") == "model_config_list {\n}\n"
    assert stable(tmp_path, "line") is None


def test_promoting_keeps_the_version_that_was_stable_before(tmp_path: Path) -> None:
    """Each promotion names the new version and the one before it, and the newer is the stable one."""
    named = []
    for version in (1, 2, 3, 7):
        add_version(tmp_path, version)
        Operator(store=tmp_path, served_from=PurePosixPath("/srv")).promote("line", version)
        named.append(served(tmp_path))
        assert stable(tmp_path, "line") == version
    assert named == [[1], [1, 2], [2, 3], [3, 7]]
    assert read(tmp_path).model_config_list.config[0].base_path == "/srv/line"


def test_a_version_that_is_not_promoted_is_not_served(tmp_path: Path) -> None:
    """Where a hand, or an earlier release, has whatever is newest served, the versions are named one by one first."""
    for policy, pinned in (("latest { num_versions: 2 }", [2, 3]), ("", [3]), ("all { }", [1, 2, 3])):
        store = tmp_path / policy.partition(" ")[0]
        for version in (1, 2, 3):
            add_version(store, version)
        text = f'model_config_list {{ config {{ name: "line" base_path: "/m" model_version_policy {{ {policy} }} }} }}'
        (store / "models.config").write_text(text, encoding="utf-8")
        pin(store, "line")
        add_version(store, 4)
        assert served(store) == pinned
        assert stable(store, "line") == 3


def test_pinning_leaves_what_is_pinned_already(tmp_path: Path) -> None:
    """Comments and layout of a hand stay, and so does a model that is not named yet."""
    add_version(tmp_path, 1)
    (tmp_path / "models.config").write_text(HAND_EDITED, encoding="utf-8")
    pin(tmp_path, "line")
    pin(tmp_path, "cubes")
    assert (tmp_path / "models.config").read_text(encoding="utf-8") == HAND_EDITED


def test_what_is_labelled_stays_loaded(tmp_path: Path) -> None:
    """Promoting keeps the other labels and their versions, beside the new one and the one that was stable."""
    for version in (1, 2, 3):
        add_version(tmp_path, version)
    labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "blue" value: 2 }'
    labelled = HAND_EDITED.replace("versions: 1", "versions: 1 versions: 2").replace('"line"', f'"line" {labels}', 1)
    (tmp_path / "models.config").write_text(labelled, encoding="utf-8")
    assert stable(tmp_path, "line") == 1
    Operator(store=tmp_path).promote("line", 3)
    assert served(tmp_path) == [1, 2, 3]
    assert dict(read(tmp_path).model_config_list.config[0].version_labels) == {"blue": 2}
    assert stable(tmp_path, "line") == 3


def test_no_label_moves_where_a_server_would_refuse_it(tmp_path: Path) -> None:
    """The label is left out where being the newest says the same, and stays beside a canary."""

    def labels() -> dict[str, int]:
        return dict(read(tmp_path).model_config_list.config[0].version_labels)

    for version in range(1, 7):
        add_version(tmp_path, version)
    operator, found = Operator(store=tmp_path), []
    for version in (1, 2, 3, 2):
        operator.promote("line", version)
        assert stable(tmp_path, "line") == version
        found.append(labels())
    assert found == [{"stable": 1}, {}, {}, {"stable": 2}]
    operator.canary("line", 4, Traffic(canary_share=0.5))
    operator.promote("line", 6)
    assert labels() == {"stable": 6, "canary": 4}


@pytest.mark.parametrize("withdrawn", ["renamed", "removed", "all gone"])
def test_a_number_is_not_given_twice(tmp_path: Path, withdrawn: str) -> None:
    """What `models.config` or a report has named was another version: who comes next does not take its place."""
    for version in (1, 2):
        add_version(tmp_path, version)
        Operator(store=tmp_path).promote("line", version)
    newest = tmp_path / "line" / "2"
    if withdrawn == "renamed":
        newest.rename(tmp_path / "line" / "withdrawn-2")
    elif withdrawn == "removed":
        shutil.rmtree(newest)
    else:
        shutil.rmtree(tmp_path / "line")
    assert last_number(tmp_path, "line") == 2
    pin(tmp_path, "line")
    add_version(tmp_path, 3)
    assert stable(tmp_path, "line") == (None if withdrawn == "all gone" else 1)


def test_a_reported_number_is_not_given_twice(tmp_path: Path) -> None:
    """A version that was never served has its report under its number, even where its folder is gone."""
    (tmp_path / "line" / "reports").mkdir(parents=True)
    for name in ("4.html", "refused-20261121T134500Z.html", "notes.txt"):
        (tmp_path / "line" / "reports" / name).write_text("", encoding="utf-8")
    assert last_number(tmp_path, "line") == 4
    assert last_number(tmp_path, "cubes") == 0


@pytest.mark.parametrize("policy", ["", "latest { }", "all { }"])
def test_a_model_without_versions_serves_none_by_itself(tmp_path: Path, policy: str) -> None:
    """An entry that would serve whatever comes is taken out until something is promoted."""
    text = f'model_config_list {{ config {{ name: "line" base_path: "/m" model_version_policy {{ {policy} }} }} }}'
    (tmp_path / "models.config").write_text(text, encoding="utf-8")
    pin(tmp_path, "line")
    add_version(tmp_path, 1)
    assert stable(tmp_path, "line") is None
    assert len(read(tmp_path).model_config_list.config) == 0


def test_a_version_whose_folder_is_gone_is_not_stable(tmp_path: Path) -> None:
    """Withdrawn by renaming its folder, a version gives its place to the one before it."""
    for version in (1, 2):
        add_version(tmp_path, version)
        Operator(store=tmp_path).promote("line", version)
    (tmp_path / "line" / "2").rename(tmp_path / "line" / "withdrawn-2")
    assert stable(tmp_path, "line") == 1


def test_the_server_sees_the_store_as_models_unless_told_otherwise(tmp_path: Path) -> None:
    """The default base path is the one of TensorFlow Serving's container."""
    add_version(tmp_path, 1)
    ensure_config(tmp_path)
    assert read(tmp_path).model_config_list.config[0].base_path == "/models/line"


def test_a_new_model_is_added_beside_what_a_hand_wrote(tmp_path: Path) -> None:
    """The other models' entries keep their meaning."""
    add_version(tmp_path, 1)
    add_version(tmp_path, 1, model="cubes")
    (tmp_path / "models.config").write_text(HAND_EDITED, encoding="utf-8")
    before = read(tmp_path).model_config_list.config[0]
    ensure_config(tmp_path)
    found = read(tmp_path).model_config_list.config
    assert [model.name for model in found] == ["line", "cubes"]
    assert found[0] == before
