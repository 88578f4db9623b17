"""Which version is in force, by number, by label or by default."""

from collections.abc import Iterator

import grpc
import pytest

from gateway import call, versions
from gateway import catalog as catalog_module
from gateway import tf_serving_pb2 as pb
from gateway.catalog import Catalog
from gateway.errors import ModelServerError, NotGoldenError
from gateway.model_server import ModelServer
from gateway.signature import DEFAULT, STABLE, Selector
from tests.unit.gateway.cards import GOLDEN, NOT_GOLDEN
from tests.unit.gateway.fake_server import FLOAT_COLUMN, FailedError, FakeServer, Served, info, line


@pytest.fixture
def catalog(fake: FakeServer) -> Iterator[Catalog]:
    """The versions of the fake model server."""
    server = ModelServer(fake.target, timeout_seconds=2)
    yield Catalog(server, max_rows=5)
    server.close()


def code_of(catalog: Catalog, model: str, selector: Selector) -> grpc.StatusCode:
    """How asking for a version fails."""
    with pytest.raises(ModelServerError) as caught:
        catalog.servable(model, selector)
    return caught.value.code


def test_finds_versions_by_whatever_names_them(catalog: Catalog, fake: FakeServer) -> None:
    """The default, a number and a label; two selectors that mean the same version share what is known of it."""
    fake.others, fake.labels = [Served(version=2), Served(version=9, model="other")], {"stable": 1}
    assert [catalog.servable("line", s).version for s in (DEFAULT, STABLE, Selector(version=2))] == [1, 1, 2]
    assert catalog.servable("other").version == 9
    assert catalog.servable("line") is catalog.servable("line", Selector(version=1))


@pytest.mark.parametrize(
    ("model", "selector"),
    [
        ("nope", DEFAULT),
        ("line", Selector(version=2)),
        ("line", Selector(version=0)),
        ("line", Selector(version=2**63 - 1)),
        ("line", Selector(label="nope")),
        ("line", Selector(label="gone")),
    ],
)
def test_what_is_not_there_is_not_found(catalog: Catalog, fake: FakeServer, model: str, selector: Selector) -> None:
    """A model, a version and a label that are not there are all not found, though the server puts it otherwise."""
    fake.labels = {"gone": 8}
    assert code_of(catalog, model, selector) is grpc.StatusCode.NOT_FOUND


def test_names_that_clients_make_up_leave_nothing_behind(catalog: Catalog) -> None:
    """Asking for what is not there, again and again, does not make the catalog grow."""
    for number in range(50):
        code_of(catalog, f"model{number}", DEFAULT)
        code_of(catalog, "line", Selector(label=f"label{number}"))
        code_of(catalog, "line", Selector(version=number + 2))
    assert (catalog._known, catalog.versions._met) == ({}, {})


def test_follows_a_label(catalog: Catalog, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that is moved stands for the other version."""
    monkeypatch.setattr(catalog_module, "RECHECK_SECONDS", 0.0)
    fake.others, fake.labels = [Served(version=2)], {"stable": 1}
    assert catalog.servable("line", STABLE).version == 1
    fake.labels = {"stable": 2}
    assert catalog.servable("line", STABLE).version == 2


def test_asks_once_a_second_for_each_selector(catalog: Catalog, fake: FakeServer) -> None:
    """What was asked a moment ago is not asked again, but one selector's answer is not the other's."""
    fake.labels = {"stable": 1}
    for _ in range(3):
        catalog.servable("line")
        catalog.servable("line", STABLE)
    assert fake.calls == ["get_model_metadata"] * 2


def test_forgets_versions_that_are_not_in_force(
    catalog: Catalog, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has not been asked for in a while is dropped when something is learnt, and learnt anew when asked for."""
    monkeypatch.setattr(catalog_module, "FORGET_SECONDS", 0.0)
    monkeypatch.setattr(versions, "FORGET_SECONDS", 0.0)
    fake.card = GOLDEN
    fake.others = [Served(version=2, card=GOLDEN)]
    for number in (1, 2, 1):
        catalog.servable("line", Selector(version=number))
    assert fake.predicted.count((1, "card")) == 2
    assert len(catalog._known) <= 1
    assert len(catalog.versions._met) <= 1


def test_remembers_versions_that_are(catalog: Catalog, fake: FakeServer) -> None:
    """A version that was in force a moment ago is neither described nor checked again."""
    fake.card = GOLDEN
    fake.others = [Served(version=2, card=GOLDEN)]
    for number in (1, 2, 1, 2):
        catalog.learn("line", Selector(version=number))
    assert fake.predicted == [(1, "card"), (1, "serving_default"), (2, "card"), (2, "serving_default")]


def test_a_number_may_be_given_to_another(catalog: Catalog, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that comes back with another signature is another: its card is read, its golden examples replayed."""
    monkeypatch.setattr(catalog_module, "RECHECK_SECONDS", 0.0)
    fake.card = GOLDEN
    assert [feature.shape for feature in catalog.servable("line").contract().features] == [(None, 1)]
    fake.inputs, fake.card = {"x": info(pb.DT_FLOAT, -1)}, NOT_GOLDEN
    with pytest.raises(NotGoldenError):
        catalog.servable("line")
    fake.inputs, fake.card = {"x": info(pb.DT_FLOAT, -1, 2)}, None
    assert [feature.shape for feature in catalog.servable("line").contract().features] == [(None, 2)]


def test_tells_the_refused_versions_of_one_model(catalog: Catalog, fake: FakeServer) -> None:
    """What is refused, and why, is told model by model; a version that passes is not among it."""
    fake.others = [Served(version=2, card=NOT_GOLDEN), Served(model="other", version=5, card=GOLDEN)]
    catalog.servable("line")
    catalog.servable("other")
    assert catalog.versions.refused("line") == {2: "output 'y'[1][0]: expected 2.0, got -2.0"}
    assert catalog.versions.refused("other") == {}


def test_goes_on_with_what_it_knows(catalog: Catalog, fake: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the server fails to say what is in force, the version known is; one that nobody knows is not made up."""
    monkeypatch.setattr(catalog_module, "RECHECK_SECONDS", 0.0)
    known = catalog.servable("line")
    fake.failure = FailedError(grpc.StatusCode.INTERNAL)
    assert catalog.servable("line") is known
    assert code_of(catalog, "line", STABLE) is grpc.StatusCode.INTERNAL


def test_a_signature_is_read_once(catalog: Catalog, fake: FakeServer) -> None:
    """A version's contracts are made when they are first wanted, and kept; a name that is none leaves nothing."""
    fake.signatures = {"raw": pb.SignatureDef(inputs={"x": FLOAT_COLUMN}, outputs={"y": FLOAT_COLUMN})}
    servable = catalog.servable("line")
    assert servable.contract("raw") is servable.contract("raw")
    for number in range(20):
        with pytest.raises(Exception, match="does not fit"):
            servable.contract(f"made_up_{number}")
    assert set(servable._contracts) == {"raw", "serving_default"}


def test_goes_on_following_after_a_failed_look(
    catalog: Catalog, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look that fails, for whatever reason, is not the last."""
    monkeypatch.setattr(catalog_module, "RECHECK_SECONDS", 0.0)
    catalog.servable("line")
    fake.failure = FailedError(grpc.StatusCode.UNAVAILABLE)
    assert catalog.servable("line").version == 1
    fake.failure = None
    fake.version = 2
    assert catalog.servable("line").version == 2


def test_a_version_that_goes_while_it_is_read_is_looked_for_again(catalog: Catalog, fake: FakeServer) -> None:
    """Between its metadata and its card a version may have been replaced: the successor is read in its place."""
    fake.card = GOLDEN

    def replaced(_request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
        fake.answer, fake.version = line, 2
        raise FailedError(grpc.StatusCode.NOT_FOUND)

    fake.answer = replaced
    assert catalog.servable("line").version == 2


def test_a_number_that_was_withdrawn_may_come_back_as_another_version(
    catalog: Catalog, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Withdrawn while a version below it is in force, a number is read anew when it is published again."""
    monkeypatch.setattr(catalog_module, "RECHECK_SECONDS", 0.0)
    fake.card = GOLDEN
    fake.others = [Served(version=2, card=NOT_GOLDEN)]
    assert catalog.servable("line").version == 1
    assert list(catalog.versions.refused("line")) == [2]
    fake.others = []
    assert catalog.servable("line").version == 1
    fake.others = [Served(version=2, card=GOLDEN)]
    assert catalog.servable("line").version == 2


def test_a_request_without_time_leaves_the_look_to_the_next(
    catalog: Catalog, fake: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who cannot ask which version is in force does not count as having asked: a takeover is noticed by the next."""
    assert catalog.servable("line").version == 1
    monkeypatch.setattr(catalog_module, "RECHECK_SECONDS", 0.0)
    fake.version = 2
    call.begin(call.Call(deadline=0.0))
    assert catalog.servable("line").version == 1
    call.begin(None)
    monkeypatch.setattr(catalog_module, "RECHECK_SECONDS", 3600.0)
    assert catalog.servable("line").version == 2
