"""How a model server follows its store and configuration. Every test holds for both servers."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import grpc
import numpy as np

from tests.contract.calls import ONE_ROW, refusal, values
from tests.contract.model_server import WAIT_SECONDS, ModelServer, State, predict_request
from tests.processes import wait_until
from tests.saved_models import write_corrupt, write_line


def test_empty_configuration_starts_and_loads_what_comes_later(own_server: ModelServer) -> None:
    """A server started on `model_config_list { }` knows no model, and serves the one that a later write adds."""
    assert own_server.states("late") == {}
    write_line(own_server.store / "late" / "1", slope=2.0)
    own_server.configure("late")
    own_server.wait_for("late", 1, State.AVAILABLE)
    assert values(own_server.predict(predict_request("late", x=ONE_ROW))) == [[20.0]]


def test_latest_policy_picks_up_a_new_version(server: ModelServer) -> None:
    """With the policy `latest` a newly published version takes over, and the old one is unloaded."""
    write_line(server.store / "fresh" / "1", slope=1.0)
    server.configure("fresh", latest=1)
    server.wait_for("fresh", 1, State.AVAILABLE)
    write_line(server.store / "fresh" / "2", slope=2.0)
    server.wait_for("fresh", 2, State.AVAILABLE)
    server.wait_for("fresh", 1, State.END)
    assert server.predict(predict_request("fresh", x=ONE_ROW)).model_spec.version.value == 2
    old = predict_request("fresh", x=ONE_ROW)
    old.model_spec.version.value = 1
    assert refusal(server, old)[0] == grpc.StatusCode.NOT_FOUND


def test_specific_policy_serves_what_it_lists(server: ModelServer) -> None:
    """With the policy `specific` the versions listed are served, and one that does not exist does no harm."""
    for version in (1, 2, 3):
        write_line(server.store / "chosen" / str(version), slope=float(version))
    server.configure("chosen", specific=[1, 2, 8])
    server.wait_for("chosen", 1, State.AVAILABLE)
    server.wait_for("chosen", 2, State.AVAILABLE)
    assert values(server.predict(predict_request("chosen", x=ONE_ROW))) == [[20.0]]


def test_model_left_out_of_the_configuration_is_unloaded(server: ModelServer) -> None:
    """A model that models.config no longer lists is NOT_FOUND."""
    write_line(server.store / "brief" / "1", slope=1.0)
    server.configure("brief")
    server.wait_for("brief", 1, State.AVAILABLE)
    server.leave_out("brief")
    server.wait_for("brief", 1, State.END)
    assert refusal(server, predict_request("brief", x=ONE_ROW))[0] == grpc.StatusCode.NOT_FOUND


def test_label_moves_to_a_loaded_version_and_can_be_dropped(server: ModelServer) -> None:
    """A label moves to a version that is loaded, and is unknown once models.config leaves it out."""
    for version in (1, 2):
        write_line(server.store / "labelled" / str(version), slope=float(version))
    server.configure("labelled", specific=[1, 2], labels={"stable": 1})
    server.wait_for("labelled", 1, State.AVAILABLE)
    server.wait_for("labelled", 2, State.AVAILABLE)
    server.wait_for_label("labelled", "stable", 1)
    server.configure("labelled", specific=[1, 2], labels={"stable": 2})
    server.wait_for_label("labelled", "stable", 2)
    server.configure("labelled", specific=[1, 2])
    server.wait_for_label("labelled", "stable", None)


def test_label_does_not_move_to_a_version_added_by_the_same_write(own_server: ModelServer) -> None:
    """A write that adds a version and moves an existing label to it is refused as a whole; two writes do it."""
    write_line(own_server.store / "watch" / "1", slope=1.0)
    own_server.configure("watch", latest=1)
    for version in (1, 2):
        write_line(own_server.store / "two" / str(version), slope=float(version))
    own_server.configure("two", specific=[1], labels={"stable": 1})
    own_server.wait_for("two", 1, State.AVAILABLE)
    own_server.wait_for("watch", 1, State.AVAILABLE)
    own_server.wait_for_label("two", "stable", 1)

    own_server.configure("two", specific=[1, 2], labels={"stable": 2})
    write_line(own_server.store / "watch" / "2", slope=2.0)
    own_server.wait_for("watch", 2, State.AVAILABLE)
    refusal = "Request to assign label to version 2 of model two"
    wait_until(lambda: refusal in own_server.process.output(), WAIT_SECONDS, "the server to log the refusal")
    assert own_server.states("two") == {1: State.AVAILABLE}
    assert own_server.labelled("two", "stable") == 1

    own_server.configure("two", specific=[1, 2], labels={"stable": 1})
    own_server.wait_for("two", 2, State.AVAILABLE)
    own_server.configure("two", specific=[1, 2], labels={"stable": 2})
    own_server.wait_for_label("two", "stable", 2)


def test_torn_configuration_is_ignored(own_server: ModelServer) -> None:
    """While models.config is torn the old state serves on, and new versions are still picked up."""
    write_line(own_server.store / "steady" / "1", slope=1.0)
    own_server.configure("steady", latest=1)
    own_server.wait_for("steady", 1, State.AVAILABLE)
    with own_server.torn_config():
        write_line(own_server.store / "steady" / "2", slope=2.0)
        own_server.wait_for("steady", 2, State.AVAILABLE)
        assert own_server.predict(predict_request("steady", x=ONE_ROW)).model_spec.version.value == 2
    own_server.configure("steady", specific=[1, 2])
    own_server.wait_for("steady", 1, State.AVAILABLE)


def test_corrupt_version_leaves_the_old_one_serving(own_server: ModelServer) -> None:
    """A new version that cannot be loaded stays LOADING, and the old one serves on."""
    write_line(own_server.store / "solid" / "1", slope=1.0)
    own_server.configure("solid", latest=1)
    own_server.wait_for("solid", 1, State.AVAILABLE)
    write_corrupt(own_server.store / "solid" / "2")
    own_server.wait_for("solid", 2, State.LOADING)
    assert own_server.predict(predict_request("solid", x=ONE_ROW)).model_spec.version.value == 1
    assert own_server.states("solid")[1] == State.AVAILABLE


def test_versions_that_vanish_leave_the_last_one_serving(server: ModelServer) -> None:
    """When all version folders are gone, the version that was loaded last serves on."""
    write_line(server.store / "kept" / "1", slope=1.0)
    write_line(server.store / "marker" / "1", slope=1.0)
    server.configure("kept", latest=1)
    server.configure("marker", latest=1)
    server.wait_for("kept", 1, State.AVAILABLE)
    server.wait_for("marker", 1, State.AVAILABLE)
    (server.store / "kept" / "1").rename(server.store / "kept" / "gone")
    write_line(server.store / "marker" / "2", slope=1.0)
    server.wait_for("marker", 2, State.AVAILABLE)  # so a poll has passed since
    assert values(server.predict(predict_request("kept", x=ONE_ROW))) == [[10.0]]


def test_publishing_under_load_fails_no_request(server: ModelServer) -> None:
    """While version 2 takes over under load, no request fails and every value is of the version the answer names."""
    clients = 8
    stop = Event()
    answers: list[list[tuple[int, float]]] = [[] for _ in range(clients)]

    def client(mine: list[tuple[int, float]]) -> None:
        request = predict_request("busy", x=np.array([[1.0]], np.float32))
        for _ in range(1_000_000):
            is_last = stop.is_set()  # asked before the call, so that the last call begins after the change
            response = server.predict(request)
            mine.append((response.model_spec.version.value, values(response)[0][0]))
            if is_last:
                return

    write_line(server.store / "busy" / "1", slope=10.0)
    server.configure("busy", latest=1)
    server.wait_for("busy", 1, State.AVAILABLE)
    with ThreadPoolExecutor(clients) as pool:
        futures = [pool.submit(client, mine) for mine in answers]
        try:
            wait_until(lambda: all(answers), WAIT_SECONDS, "every client to have an answer")
            write_line(server.store / "busy" / "2", slope=20.0)
            server.wait_for("busy", 2, State.AVAILABLE)
            server.wait_for("busy", 1, State.END)
        finally:
            stop.set()
    for future in futures:
        future.result()
    assert all(value == version * 10.0 for mine in answers for version, value in mine)
    assert all({version for version, _ in mine} == {1, 2} for mine in answers)
