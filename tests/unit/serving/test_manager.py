import gc
import weakref
from pathlib import Path

import pytest
from tensorflow_serving.apis import model_pb2

from serving.embedded.manager import RETRY_SECONDS, Manager
from serving.embedded.registry import Registry
from serving.embedded.states import State, States
from tests.saved_models import write_corrupt, write_line

LATEST = 'model_config_list { config { name: "line" base_path: "/models/line" } }'


class Clock:
    """A clock that goes when it is told to."""

    seconds = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds


class Room:
    """A store with what serves it, polled by hand."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.clock = Clock()
        self.states = States()
        self.registry = Registry(self.states)
        self.manager = Manager(store, self.registry, self.states, self.clock)

    def poll(self, name: str = "line") -> dict[int, int]:
        """Poll once and tell the states of a model's versions."""
        self.manager.poll()
        return self.states.of(name)


def configure(store: Path, text: str) -> None:
    """Write models.config."""
    (store / "models.config").write_text(text, encoding="utf-8")


def test_without_config_the_newest_version_of_every_model_is_served(tmp_path: Path) -> None:
    """A store without models.config is served whole: the newest version of each model."""
    for folder in ("line/1", "line/2", "other/5"):
        write_line(tmp_path / folder, slope=1.0)
    room = Room(tmp_path)
    assert room.poll() == {2: State.AVAILABLE}
    assert room.poll("other") == {5: State.AVAILABLE}


def test_config_that_comes_later_takes_over(tmp_path: Path) -> None:
    """A models.config written after the start is followed, and the models it leaves out are unloaded."""
    for folder in ("line/1", "other/1"):
        write_line(tmp_path / folder, slope=1.0)
    room = Room(tmp_path)
    room.poll()
    configure(tmp_path, LATEST)
    assert room.poll() == {1: State.AVAILABLE}
    assert room.poll("other") == {1: State.END}


def test_config_that_vanishes_leaves_everything_as_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A models.config that was there and is gone does not change what is served."""
    for folder in ("line/1", "other/1"):
        write_line(tmp_path / folder, slope=1.0)
    configure(tmp_path, LATEST)
    room = Room(tmp_path)
    room.poll()
    (tmp_path / "models.config").unlink()
    assert room.poll() == {1: State.AVAILABLE}
    assert room.poll("other") == {}
    assert "keeping the old configuration" in caplog.text


def test_torn_config_is_ignored_and_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A torn models.config changes nothing, and is logged at the first poll that meets it only."""
    write_line(tmp_path / "line" / "1", slope=1.0)
    configure(tmp_path, LATEST)
    room = Room(tmp_path)
    room.poll()
    configure(tmp_path, LATEST[:30])
    for _ in range(3):
        assert room.poll() == {1: State.AVAILABLE}
    assert caplog.text.count("keeping the old configuration") == 1


def test_new_version_is_loaded_before_the_old_one_is_dropped(tmp_path: Path) -> None:
    """The newest version takes over, and the old one ends only when that is loaded."""
    write_line(tmp_path / "line" / "1", slope=1.0)
    room = Room(tmp_path)
    room.poll()
    write_corrupt(tmp_path / "line" / "2")
    assert room.poll() == {2: State.LOADING, 1: State.AVAILABLE}
    write_line(tmp_path / "line" / "3", slope=1.0)
    assert room.poll() == {3: State.AVAILABLE, 2: State.END, 1: State.END}


def test_dropped_version_leaves_no_memory_behind(tmp_path: Path) -> None:
    """What a version held is free at the next look at the store, without Python looking for garbage by itself."""
    write_line(tmp_path / "line" / "1", slope=1.0)
    room = Room(tmp_path)
    room.poll()
    with room.registry.use(model_pb2.ModelSpec(name="line")) as (_, servable):
        graph = weakref.ref(servable._session.graph)
    del servable
    write_line(tmp_path / "line" / "2", slope=1.0)
    gc.disable()
    try:
        assert room.poll() == {2: State.AVAILABLE, 1: State.END}
        assert graph() is not None, "nothing is held together by cycles, and this test tests nothing"
        room.poll()
        assert graph() is None
    finally:
        gc.enable()


def test_failed_load_is_tried_again_after_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A version that does not load is logged in one line, and tried again once a minute."""
    write_corrupt(tmp_path / "line" / "1")
    room = Room(tmp_path)
    for _ in range(3):
        assert room.poll() == {1: State.LOADING}
    assert caplog.text.count("line version 1 does not load") == 1
    room.clock.seconds = RETRY_SECONDS
    room.poll()
    assert caplog.text.count("line version 1 does not load") == 2
    assert "Traceback" not in caplog.text


def test_missing_base_path_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A model without a folder is logged once, and served when the folder comes."""
    configure(tmp_path, LATEST)
    room = Room(tmp_path)
    for _ in range(3):
        assert room.poll() == {}
    assert caplog.text.count("no version of line to serve") == 1
    write_line(tmp_path / "line" / "1", slope=1.0)
    assert room.poll() == {1: State.AVAILABLE}
