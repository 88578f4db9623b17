from pathlib import Path

import pytest

from serving.embedded.config import every_model, find_versions, read_config
from serving.embedded.errors import ConfigError


def write(store: Path, *entries: str) -> None:
    """Write a models.config with these entries."""
    text = "".join(f"config {{ {entry} }}\n" for entry in entries)
    (store / "models.config").write_text(f"model_config_list {{ {text} }}", encoding="utf-8")


def test_models_means_the_store(tmp_path: Path) -> None:
    """A base path under /models lies in the store, and any other absolute path is taken as it is."""
    write(tmp_path, 'name: "a" base_path: "/models/b"', 'name: "c" base_path: "/elsewhere/c"')
    assert [(model.name, model.base_path) for model in read_config(tmp_path)] == [
        ("a", tmp_path / "b"),
        ("c", Path("/elsewhere/c")),
    ]


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ("", {12}),
        ("latest { }", {12}),
        ("latest { num_versions: 2 }", {3, 12}),
        ("all { }", {1, 3, 12}),
        ("specific { versions: 1 versions: 7 }", {1}),
    ],
)
def test_version_policies(tmp_path: Path, policy: str, wanted: set[int]) -> None:
    """Each version policy chooses among the versions found; without one the newest is chosen."""
    version_policy = f"model_version_policy {{ {policy} }}" if policy else ""
    write(tmp_path, f'name: "a" base_path: "/models/a" {version_policy}')
    assert read_config(tmp_path)[0].wanted({1, 3, 12}) == wanted


def test_labels(tmp_path: Path) -> None:
    """Labels are read as names of versions."""
    write(tmp_path, 'name: "a" base_path: "/models/a" version_labels { key: "stable" value: 3 }')
    assert read_config(tmp_path)[0].labels == {"stable": 3}


def test_empty_list_serves_nothing(tmp_path: Path) -> None:
    """The empty list is valid and serves nothing."""
    write(tmp_path)
    assert read_config(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no model_config_list"),
        ("custom_model_config { }", "has no model_config_list"),
        ("model_config_list {", "cannot be read"),
        ("model_config_list { config { nme: 'a' } }", 'no field named "nme"'),
        ("\x00\xff", "cannot be read"),
        ("model_config_list { config { base_path: '/models/a' } }", "has no name"),
        ("model_config_list { config { name: 'a' base_path: 'models/a' } }", "has to be absolute, and is 'models/a'"),
        ("model_config_list { config { name: 'a' } }", "has to be absolute, and is ''"),
        (
            "model_config_list { config { name: 'a' base_path: '/a' version_labels { key: 'x-y' value: 1 } } }",
            "this one is 'x-y'",
        ),
        (
            "model_config_list { config { name: 'a' base_path: '/a' } config { name: 'a' base_path: '/b' } }",
            "more than once: a",
        ),
    ],
)
def test_bad_config_is_refused_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    """A models.config that cannot be applied is refused with one line that says what is wrong."""
    (tmp_path / "models.config").write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_find_versions_sees_integer_folders_only(tmp_path: Path) -> None:
    """Versions are folders with an integer for a name; staging folders and files are none."""
    for name in ("1", "20", ".staging-3", "tmp-4", "v5", "-6", "\N{ARABIC-INDIC DIGIT SEVEN}", str(2**63)):
        (tmp_path / name).mkdir()
    (tmp_path / "8").touch()
    assert find_versions(tmp_path) == {1: tmp_path / "1", 20: tmp_path / "20"}


def test_find_versions_in_a_missing_folder(tmp_path: Path) -> None:
    """A base path that does not exist has no versions."""
    assert find_versions(tmp_path / "none") == {}


def test_every_model_takes_the_folders(tmp_path: Path) -> None:
    """Without models.config each folder in the store is a model, served in its newest version."""
    for name in ("a", "b", ".lock-folder"):
        (tmp_path / name).mkdir()
    (tmp_path / "note.txt").touch()
    models = every_model(tmp_path)
    assert [(model.name, model.base_path) for model in models] == [("a", tmp_path / "a"), ("b", tmp_path / "b")]
    assert models[0].wanted({1, 2}) == {2}
