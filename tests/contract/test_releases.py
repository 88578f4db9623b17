"""How a release is brought about with a model server that follows it. Every test holds for both servers."""

import shutil
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from src.errors import ReleaseError, UnreachableError
from src.release.operations import Operator
from src.release.plans import Judged
from src.release.traffic import Traffic
from tests.contract.calls import ONE_ROW, values, with_label
from tests.contract.model_server import ModelServer, State, predict_request, write_config
from tests.saved_models import write_corrupt, write_line, write_release, write_sum

HALF = Traffic(canary_share=0.5)


@pytest.fixture
def operator(server: ModelServer) -> Operator:
    """Who releases on the shared server."""
    return Operator(
        store=server.store, target=server.target, served_from=PurePosixPath(server.store), timeout_seconds=30
    )


def publish(server: ModelServer, model: str, *versions: int) -> None:
    """Put versions into the store; version n is the line of slope n."""
    for version in versions:
        write_release(server.store / model / str(version), slope=float(version))


def answer(server: ModelServer, model: str, label: str = "stable") -> float:
    """What a label's version answers to 1, times ten."""
    return float(values(server.predict(with_label(model, label)))[0][0])


def available(server: ModelServer, model: str) -> set[int]:
    """The versions that can answer."""
    return {version for version, state in server.states(model).items() if state == State.AVAILABLE}


def config(server: ModelServer) -> str:
    """The release state as it stands."""
    return (server.store / "models.config").read_text(encoding="utf-8")


def test_a_promotion_has_taken_effect_when_it_returns(server: ModelServer, operator: Operator) -> None:
    """The label is on the new version, and the version before stays loaded; the one before that does not."""
    publish(server, "steps", 1, 2, 3)
    for version in (1, 2, 3):
        operator.promote("steps", version)
        assert server.labelled("steps", "stable") == version
        assert answer(server, "steps") == version * 10
        assert {version, max(version - 1, 1)} <= available(server, "steps")
    server.wait_for("steps", 1, State.END)
    assert server.labelled("steps", "canary") is None


def test_a_rollback_is_a_move_of_the_label(server: ModelServer, operator: Operator) -> None:
    """It leads to the version before, is in force when it returns, and unloads what it came from."""
    publish(server, "back", 1, 2, 3)
    for version in (1, 2, 3):
        operator.promote("back", version)
    operator.rollback("back")
    assert server.labelled("back", "stable") == 2
    server.wait_for("back", 3, State.END)
    server.wait_for("back", 1, State.AVAILABLE)  # again, for the next rollback
    operator.rollback("back")
    assert server.labelled("back", "stable") == 1
    with pytest.raises(
        ReleaseError, match=r"^there is nothing to roll back back to: .* stable before version 1; promo"
    ):
        operator.rollback("back")


def test_a_canary_is_labelled_and_promoted(server: ModelServer, operator: Operator) -> None:
    """It stands beside the stable version and, once it is promoted, is no canary any more."""
    publish(server, "bird", 1, 2)
    operator.promote("bird", 1)
    operator.canary("bird", 2, HALF)
    assert (server.labelled("bird", "stable"), server.labelled("bird", "canary")) == (1, 2)
    operator.promote("bird", 2)
    assert (server.labelled("bird", "stable"), server.labelled("bird", "canary")) == (2, None)


def test_another_canary_takes_the_place_of_the_first(server: ModelServer, operator: Operator) -> None:
    """The label moves, and the canary before is unloaded."""
    publish(server, "birds", 1, 2, 3)
    operator.promote("birds", 1)
    operator.canary("birds", 2, HALF)
    operator.canary("birds", 3, HALF)
    assert (server.labelled("birds", "stable"), server.labelled("birds", "canary")) == (1, 3)
    server.wait_for("birds", 2, State.END)


def test_a_retired_version_is_unloaded_when_the_command_returns(server: ModelServer, operator: Operator) -> None:
    """Whether it was the canary or the one before, nothing serves it; the stable version cannot be retired."""
    publish(server, "old", 1, 2, 3)
    operator.promote("old", 1)
    operator.promote("old", 2)
    operator.canary("old", 3, HALF)
    for version in (3, 1):
        operator.retire("old", version)
        assert version not in available(server, "old")
    assert server.labelled("old", "canary") is None
    with pytest.raises(ReleaseError, match=r"^old version 2 is stable; promote another one first, or roll back$"):
        operator.retire("old", 2)
    with pytest.raises(ReleaseError, match=r"^old version 1 is not in service; there is: 2$"):
        operator.retire("old", 1)


def test_a_version_that_the_server_cannot_load_leaves_the_release_as_it_was(
    server: ModelServer, operator: Operator
) -> None:
    """One that looks whole and has no variables is never labelled: the command says so, and nothing has changed."""
    publish(server, "half", 1, 2)
    operator.promote("half", 1)
    before = config(server)
    shutil.rmtree(server.store / "half" / "2" / "variables")
    (server.store / "half" / "2" / "assets.extra" / "SHA256SUMS").unlink()
    hurried, refusal = (
        replace(operator, timeout_seconds=4),
        r"^waited 4 s in vain for version 2 of half to be loaded by",
    )
    with pytest.raises(ReleaseError, match=refusal):
        hurried.promote("half", 2)
    with pytest.raises(ReleaseError, match=refusal):
        hurried.canary("half", 2, HALF)
    assert config(server) == before
    assert answer(server, "half") == 10


def test_damage_on_the_disk_is_found_before_any_server_is_told(server: ModelServer, operator: Operator) -> None:
    """A file that differs from its checksum, is missing, or is no SavedModel at all: the message names it."""
    publish(server, "torn", 1, 2, 3)
    write_corrupt(server.store / "torn" / "4")
    operator.promote("torn", 1)
    before = config(server)
    (server.store / "torn" / "2" / "variables" / "variables.index").write_bytes(b"torn")
    (server.store / "torn" / "3" / "variables" / "variables.index").unlink()
    faults = {
        2: "its variables/variables.index is not what was published (SHA-256)",
        3: "its variables/variables.index cannot be read: No such file or directory",
        4: "its saved_model.pb cannot be read: no valid content",
    }
    for version, fault in faults.items():
        with pytest.raises(ReleaseError) as caught:
            operator.promote("torn", version)
        assert str(caught.value) == f"torn version {version} cannot be served: {fault}"
    assert config(server) == before


def test_a_version_that_answers_otherwise_than_in_training_is_not_labelled(
    server: ModelServer, operator: Operator
) -> None:
    """The golden examples are put to the server that has loaded it; they differ, and the release is as it was."""
    publish(server, "gold", 1)
    write_release(server.store / "gold" / "2", slope=2.0, answers=2.5)
    operator.promote("gold", 1)
    before = config(server)
    with pytest.raises(
        ReleaseError, match=r"^gold version 2 cannot be served: it does not reproduce its golden examples \(y, on "
    ):
        operator.promote("gold", 2)
    assert config(server) == before
    assert answer(server, "gold") == 10


def test_another_signature_is_stable_only_by_force(server: ModelServer, operator: Operator) -> None:
    """A version that takes two numbers where the clients send one is refused, and served where somebody insists."""
    publish(server, "wide", 1)
    write_sum(server.store / "wide" / "2")
    operator.promote("wide", 1)
    refusal = (
        r"^wide version 2 does not fit the clients of version 1: it takes x \(DT_FLOAT, \[-1, 2\]\), not x \(DT_FL"
    )
    with pytest.raises(ReleaseError, match=refusal):
        operator.promote("wide", 2)
    operator.promote("wide", 2, force=True)
    assert server.labelled("wide", "stable") == 2
    operator.rollback("wide")
    assert server.labelled("wide", "stable") == 1


def test_a_model_without_card_or_checksums_is_released_too(server: ModelServer, operator: Operator) -> None:
    """A SavedModel from elsewhere, served at whatever is newest until then, gets a stable version and keeps it."""
    for version in (1, 2, 3):
        write_line(server.store / "other" / str(version), slope=float(version))
    server.configure("other", latest=1)
    server.wait_for("other", 3, State.AVAILABLE)
    operator.promote("other", 2)
    assert server.labelled("other", "stable") == 2
    operator.rollback("other")
    assert server.labelled("other", "stable") == 3
    write_line(server.store / "other" / "4", slope=4.0)
    assert 4 not in server.states("other")


def test_a_configuration_that_the_server_refuses_is_put_right(own_server: ModelServer) -> None:
    """Where a hand has added a version and moved the label to it in one write, promoting does it step by step."""
    operator = Operator(store=own_server.store, target=own_server.target, served_from=PurePosixPath(own_server.store))
    publish(own_server, "stuck", 1, 2)
    operator.promote("stuck", 1)
    text = config(own_server)
    write_config(
        own_server.store, text.replace("versions: 1", "versions: 1 versions: 2").replace("value: 1", "value: 2")
    )
    operator.promote("stuck", 2)
    assert own_server.labelled("stuck", "stable") == 2
    assert answer(own_server, "stuck") == 20


def test_a_canary_that_is_gone_holds_up_no_rollback(server: ModelServer, operator: Operator) -> None:
    """Only the version that gets a label is waited for, not one that has a label and cannot be loaded any more."""
    publish(server, "gone", 1, 2, 3)
    operator.promote("gone", 1)
    operator.promote("gone", 2)
    operator.canary("gone", 3, HALF)
    (server.store / "gone" / "3").rename(server.store / "gone" / "withdrawn-3")
    server.wait_for("gone", 3, State.END)
    operator.rollback("gone")
    assert server.labelled("gone", "stable") == 1
    operator.promote("gone", 2)
    assert server.labelled("gone", "stable") == 2


def test_another_models_label_that_holds_up_all_is_named(own_server: ModelServer) -> None:
    """A server refuses the whole file for one label; whoever releases another model is told which it is."""
    operator = Operator(store=own_server.store, target=own_server.target, served_from=PurePosixPath(own_server.store))
    for model in ("first", "second"):
        publish(own_server, model, 1, 2)
        operator.promote(model, 1)
    text = config(own_server)
    begin, end = text.split('name: "second"')
    begin = begin.replace("versions: 1", "versions: 1 versions: 2").replace("value: 1", "value: 2")
    write_config(own_server.store, f'{begin}name: "second"{end}')
    with pytest.raises(ReleaseError, match=r"stable of first is version 2 there, and 1 on the server; promote first 2"):
        replace(operator, timeout_seconds=3).promote("second", 2)
    operator.promote("first", 2)
    operator.promote("second", 2)
    assert {own_server.labelled(model, "stable") for model in ("first", "second")} == {2}


def test_a_version_that_was_judged_against_another_is_not_promoted(server: ModelServer, operator: Operator) -> None:
    """Where a version has become stable while another one was trained, the latter does not take its place."""
    publish(server, "late", 1, 2, 3)
    operator.promote("late", 1)
    operator.promote("late", 2)
    with pytest.raises(ReleaseError, match=r"^version 2 became stable while version 3 was judged against version 1$"):
        operator.promote("late", 3, judged=Judged(1))
    operator.promote("late", 3, judged=Judged(2))
    assert server.labelled("late", "stable") == 3


def test_a_server_that_is_away_is_waited_for(own_server: ModelServer) -> None:
    """Without a server the release is refused, or, where it is asked for, written for the next server to start."""
    operator = Operator(store=own_server.store, target="127.0.0.1:1", served_from=PurePosixPath(own_server.store))
    publish(own_server, "later", 1)
    before = config(own_server)
    with pytest.raises(UnreachableError, match=r"^no model server answers at 127.0.0.1:1; is MODEL_SERVER right\?"):
        operator.promote("later", 1)
    assert config(own_server) == before
    replace(operator, offline=True).promote("later", 1)
    own_server.wait_for("later", 1, State.AVAILABLE)
    assert answer(own_server, "later") == 10


def test_a_server_that_was_not_found_follows_all_the_same(server: ModelServer) -> None:
    """Releases that are written for the next server to start are such as one that runs does not refuse."""
    operator = Operator(store=server.store, served_from=PurePosixPath(server.store))
    publish(server, "blind", 1, 2, 3)
    for version in (1, 2, 3):
        operator.promote("blind", version)
        server.wait_for("blind", version, State.AVAILABLE)
        newest = server.predict(predict_request("blind", x=ONE_ROW))
        assert newest.model_spec.version.value == version
    operator.rollback("blind")
    server.wait_for_label("blind", "stable", 2)


def test_a_label_of_somebody_elses_stays(server: ModelServer, operator: Operator) -> None:
    """Labels other than ours, and other models, are left as they are."""
    publish(server, "mine", 1, 2)
    operator.promote("mine", 1)
    text = config(server)
    label = 'version_labels { key: "blue" value: 1 }'
    write_config(server.store, text.replace('name: "mine"', f'name: "mine" {label}'))
    server.wait_for_label("mine", "blue", 1)
    operator.promote("mine", 2)
    assert (server.labelled("mine", "stable"), server.labelled("mine", "blue")) == (2, 1)
    assert values(server.predict(with_label("mine", "blue"))) == [[10.0]]
