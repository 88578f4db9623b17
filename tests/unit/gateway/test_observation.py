"""What is counted of features and outputs, for drift."""

import logging
from typing import Any

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway import observation, sample
from gateway import tf_serving_pb2 as pb
from gateway.dtypes import DTYPES
from tests.protos import pack, unpack
from tests.unit.gateway.fake_server import FakeServer, info
from tests.unit.gateway.measured import Measured

CARAT: dict[str, Any] = {
    "name": "carat",
    "min": 0.2,
    "max": 5.01,
    "deciles": [0.2, 0.5, 0.5, 0.7, 1, 1, 1.5, 2, 3, 5.01, 5.01],
    "shares": [0.2, 0.1, 0.2, 0.1, 0.1, 0.1, 0.2],
}
CUT: dict[str, Any] = {"name": "cut", "vocabulary": ["Fair", "Ideal"], "shares": [0.25, 0.75]}
PRICE: dict[str, Any] = {
    "name": "price",
    "min": 0,
    "max": 10,
    "deciles": list(range(11)),
    "shares": [0.1] * 10,
}


def serve(fake: FakeServer, *features: dict[str, Any], outputs: tuple[dict[str, Any], ...] = (PRICE,)) -> None:
    """Serve a model of carat and cut, whose price is twice the carats."""

    def price(request: pb.PredictRequest) -> dict[str, pb.TensorProto]:
        values, shape = unpack(request.inputs["carat"])
        return {"price": pack(DTYPES[pb.DT_FLOAT], shape, [2 * value for value in values])}

    fake.inputs = {"carat": info(pb.DT_FLOAT, -1), "cut": info(pb.DT_STRING, -1)}
    fake.outputs = {"price": info(pb.DT_FLOAT, -1)}
    fake.answer = price
    fake.card = msgspec.json.encode({"features": features or (CARAT, CUT), "outputs": outputs})


def ask(client: FlaskClient, *rows: tuple[Any, str]) -> int:
    """Ask, and wait until what was asked is counted."""
    answer = client.post("/predict", json={"data": [{"carat": carat, "cut": cut} for carat, cut in rows]})
    client.application.extensions["observer"].close()
    return answer.status_code


def values(measured: Measured, name: str) -> dict[str, float]:
    """How often each bucket of a feature or an output was met."""
    grown = measured.grown("gateway_values_total").items()
    return {dict(key)["bucket"]: by for (_, key), by in grown if dict(key)["name"] == name and by}


def test_values_count_by_the_cards_buckets(client: FlaskClient, fake: FakeServer, measured: Measured) -> None:
    """A number counts in the bucket whose upper edge it does not pass; a category as itself.

    0.7 is 0.69999999 as float32, which is what the model sees.
    """
    serve(fake)
    ask(client, (0.1, "Ideal"), (0.5, "Ideal"), (0.7, "Fair"), (0.71, "Ideal"), (9, "Ideal"))
    assert values(measured, "carat") == {"(-inf, 0.5]": 2, "(0.5, 0.7]": 1, "(0.7, 1.0]": 1, "(3.0, +inf)": 1}
    assert values(measured, "cut") == {"Fair": 1, "Ideal": 4}
    assert values(measured, "price") == {"(-inf, 1.0]": 2, "(1.0, 2.0]": 2, "(9.0, +inf)": 1}


def test_training_shares_are_told_beside(client: FlaskClient, fake: FakeServer) -> None:
    """Each bucket has the share that it had in training, and a count, be it 0, from the first request on."""
    serve(fake)
    fake.version = 77
    ask(client, (0.5, "Ideal"))
    text = client.get("/metrics").text
    where = 'kind="feature",model="line",name="cut",version="77"}'
    assert f'gateway_training_share{{bucket="Fair",{where} 0.25' in text
    assert f'gateway_values_total{{bucket="Fair",{where} 0.0' in text


@pytest.mark.parametrize(("carat", "outside"), [(0.19, 1), (0.2, 0), (5.01, 0), (5.02, 1)])
def test_values_out_of_range_are_counted(
    client: FlaskClient, fake: FakeServer, measured: Measured, carat: float, outside: int
) -> None:
    """What lies below the least or above the greatest value, as the model's dtype has them, counts."""
    serve(fake)
    ask(client, (carat, "Ideal"))
    where = {"model": "line", "version": "1", "kind": "feature", "name": "carat"}
    assert measured("gateway_out_of_range_total", **where) == outside


def test_the_range_is_the_cards_own(client: FlaskClient, fake: FakeServer, measured: Measured) -> None:
    """Where the card has a least and a greatest value beyond its deciles, they count, as for warnings."""
    serve(fake, CARAT | {"min": 0.1, "max": 6})
    ask(client, (0.09, "Ideal"), (0.1, "Ideal"), (5.5, "Ideal"), (6.1, "Ideal"))
    where = {"model": "line", "version": "1", "kind": "feature", "name": "carat"}
    assert measured("gateway_out_of_range_total", **where) == 2


def test_what_is_no_number_is_in_no_bucket(client: FlaskClient, fake: FakeServer, measured: Measured) -> None:
    """A prediction of NaN is neither a value nor out of range."""
    serve(fake)
    fake.answer = lambda _: {"price": pack(DTYPES[pb.DT_FLOAT], [2], [float("nan"), 11])}
    ask(client, (0.5, "Ideal"), (0.5, "Ideal"))
    assert values(measured, "price") == {"(9.0, +inf)": 1}
    where = {"model": "line", "version": "1", "kind": "output", "name": "price"}
    assert measured("gateway_out_of_range_total", **where) == 1


def test_unknown_categories_are_counted(client: FlaskClient, fake: FakeServer, measured: Measured) -> None:
    """Each value that is refused for not being in the vocabulary counts, by the feature and not by the value."""
    serve(fake)
    assert ask(client, (0.5, "Best"), (0.5, "Ideal"), (0.5, "Bester")) == 422
    assert measured("gateway_unknown_categories_total", model="line", version="1", name="cut") == 2
    assert ask(client, ("x", "Ideal")) == 422
    assert len(measured.grown("gateway_unknown_categories")) == 1
    body = client.post("/predict", json={"data": [{"carat": 1, "cut": "Best"}]}).get_json()
    assert set(body["errors"][0]) == {"pointer", "detail"}


def test_of_a_large_request_a_thousand_rows_are_counted(
    client: FlaskClient, fake: FakeServer, measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are spread evenly, so that the counts keep their shares."""
    monkeypatch.setattr(sample, "MAX_ROWS", 2)
    serve(fake)
    ask(client, (0.4, "Fair"), (0.4, "Fair"), (0.4, "Ideal"), (0.6, "Ideal"))
    assert values(measured, "cut") == {"Fair": 1, "Ideal": 1}


@pytest.mark.parametrize(("most", "seen"), [(10, 6), (4, 4), (3, 2), (1, 1)])
def test_of_wide_rows_so_many_values_are_counted(
    client: FlaskClient,
    fake: FakeServer,
    measured: Measured,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    seen: int,
) -> None:
    """Of vectors whole rows are, as many as the bound has room for, and of one that is larger a sample."""
    monkeypatch.setattr(sample, "MAX_VALUES", most)
    fake.inputs = {"carat": info(pb.DT_FLOAT, -1, 2)}
    fake.outputs = {"price": info(pb.DT_FLOAT, -1)}
    fake.answer = lambda _: {"price": pack(DTYPES[pb.DT_FLOAT], [3], [5, 5, 5])}
    fake.card = msgspec.json.encode({"features": [CARAT]})
    client.post("/predict", json={"data": [[0.4, 0.6]] * 3})
    client.application.extensions["observer"].close()
    assert sum(values(measured, "carat").values()) == seen


def test_signatures_that_take_turns_are_read_once(
    client: FlaskClient, fake: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A version has several signatures; what their cards lack is told once, not at each change of the signature."""
    serve(fake, CARAT | {"deciles": None}, CUT)
    fake.signatures = {"serve": pb.SignatureDef(inputs=fake.inputs, outputs=fake.outputs)}
    for signature in ("serving_default", "serve") * 3:
        body = {"signature_name": signature, "instances": [{"carat": 1, "cut": "Ideal"}]}
        assert client.post("/v1/models/line:predict", json=body).status_code == 200
    client.application.extensions["observer"].close()
    assert caplog.messages.count("drift is not watched") == 2


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"shares": [1.0]}, "'carat' has 7 buckets and 1 shares"),
        ({"deciles": [1, 2]}, "'carat' has no 11 deciles in order"),
        ({"deciles": list(range(11, 0, -1))}, "'carat' has no 11 deciles in order"),
        ({"deciles": None}, "'carat' has no 11 deciles in order"),
    ],
)
def test_a_card_that_does_not_fit_is_told_and_not_watched(
    client: FlaskClient,
    fake: FakeServer,
    measured: Measured,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, Any],
    cause: str,
) -> None:
    """What is wrong with one feature's card costs its counts alone, and the log says so once."""
    serve(fake, CARAT | change, CUT)
    assert ask(client, (0.5, "Ideal")) == 200
    assert ask(client, (0.5, "Ideal")) == 200
    assert values(measured, "carat") == {}
    assert values(measured, "cut") == {"Ideal": 2}
    assert [r.__dict__["cause"] for r in caplog.records if r.message == "drift is not watched"] == [cause]


def test_a_model_without_shares_costs_nothing(client: FlaskClient, fake: FakeServer, measured: Measured) -> None:
    """Where the card tells of no distribution there is nothing to count, and no thread."""
    serve(fake, {"name": "carat"}, outputs=())
    assert ask(client, (0.5, "Ideal")) == 200
    assert measured.grown("gateway_values") == {}
    assert client.application.extensions["observer"]._aside._thread is None


def test_of_many_features_the_first_are_watched(
    client: FlaskClient,
    fake: FakeServer,
    measured: Measured,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Their number is bounded, for each makes series."""
    monkeypatch.setattr(observation, "MAX_WATCHED", 1)
    serve(fake)
    ask(client, (0.5, "Ideal"))
    assert values(measured, "carat")
    assert not values(measured, "cut")
    assert "drift is watched in part" in caplog.messages


def test_what_cannot_be_counted_delays_nobody(
    app: Flask, fake: FakeServer, measured: Measured, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of our own is logged and counted, and the next request is counted again."""
    caplog.set_level(logging.ERROR)
    serve(fake)
    with monkeypatch.context() as patch:
        patch.setattr(observation, "sample", lambda *_: 1 / 0)
        assert ask(app.test_client(), (0.5, "Ideal")) == 200
    assert measured("gateway_dropped_total", what="observation") == 1
    assert "cannot observe" in caplog.messages
    ask(app.test_client(), (0.5, "Ideal"))
    assert values(measured, "cut") == {"Ideal": 1}
