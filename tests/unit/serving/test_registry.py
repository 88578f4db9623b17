import weakref
from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis import model_pb2

from serving.embedded.errors import ConfigError, RequestError
from serving.embedded.registry import Registry
from serving.embedded.servable import Servable
from serving.embedded.states import State, States
from tests.saved_models import write_line

LINE = model_pb2.ModelSpec(name="line")


@pytest.fixture
def states() -> States:
    """The states that the registry notes."""
    return States()


@pytest.fixture
def registry(states: States) -> Registry:
    """An empty registry."""
    return Registry(states)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A version that can be loaded."""
    write_line(tmp_path / "line" / "1", slope=1.0)
    return tmp_path / "line" / "1"


def test_version_in_use_is_unloaded_after_its_last_request(registry: Registry, states: States, folder: Path) -> None:
    """A retired version is found no more, answers the requests that hold it, and is let go of after the last one."""
    registry.publish("line", 1, Servable(folder))
    with registry.use(LINE):
        with registry.use(LINE) as (_, servable):
            alive = weakref.ref(servable)
            registry.retire("line", 1)
            assert states.of("line") == {1: State.UNLOADING}
            with pytest.raises(RequestError), registry.use(LINE):
                pass
        assert states.of("line") == {1: State.UNLOADING}
    assert states.of("line") == {1: State.END}
    del servable
    assert alive() is None


def test_version_loaded_anew_while_its_old_copy_is_in_use(registry: Registry, states: States, folder: Path) -> None:
    """When a retired version comes back before its last request has ended, it stays AVAILABLE."""
    registry.publish("line", 1, Servable(folder))
    with registry.use(LINE):
        registry.retire("line", 1)
        registry.publish("line", 1, Servable(folder))
    assert states.of("line") == {1: State.AVAILABLE}
    with registry.use(LINE) as (version, _):
        assert version == 1


def test_a_refused_request_holds_nothing(registry: Registry, states: States, folder: Path) -> None:
    """A request that fails lets go of its version."""
    registry.publish("line", 1, Servable(folder))
    with pytest.raises(RequestError), registry.use(LINE):
        raise RequestError(grpc.StatusCode.INVALID_ARGUMENT, "no")
    registry.retire("line", 1)
    assert states.of("line") == {1: State.END}


def test_labels_change_all_or_not_at_all(registry: Registry, folder: Path) -> None:
    """Labels of which one would move to a version that is not loaded are refused as a whole."""
    registry.publish("line", 1, Servable(folder))
    registry.relabel({"line": {"stable": 1, "canary": 2}})
    with pytest.raises(ConfigError, match="assign label to version 2 of model line, which is not currently available"):
        registry.relabel({"line": {"canary": 1, "stable": 2}})
    with pytest.raises(RequestError, match=r"Specific\(line, 2\)"), registry.use(label("canary")):
        pass
    with registry.use(label("stable")) as (version, _):
        assert version == 1


def label(name: str) -> model_pb2.ModelSpec:
    """Name a version of the line by its label."""
    return model_pb2.ModelSpec(name="line", version_label=name)
