"""The example predictions in TensorFlow Serving's documentation of its REST API.

https://www.tensorflow.org/tfx/serving/api_rest
"""

import base64
import json
from typing import Any

import pytest
import requests

from tests.e2e.clients.rest import predict

ROWS = [
    {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]},
    {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]},
]
COLUMNS = {
    "tag": ["foo", "bar"],
    "signal": [[1, 2, 3, 4, 5], [3, 4, 1, 2, 5]],
    "sensor": [[[1, 2], [3, 4]], [[4, 5], [6, 8]]],
}
PICTURE = {"b64": base64.b64encode(b"\xff\xd8 no text").decode()}


@pytest.mark.parametrize("path", ["", "/versions/123"])
def test_predicts(url: str, path: str) -> None:
    """The example with curl, which calls its JSON a form, is answered."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    address = f"{url}/v1/models/half_plus_three{path}:predict"
    answer = requests.post(address, data='{"instances": [1.0,2.0,5.0]}', headers=form, timeout=30)
    assert (answer.status_code, answer.json()) == (200, {"predictions": [3.5, 4.0, 5.5]})


@pytest.mark.parametrize("instances", [[1.0, 2.0, 5.0], [{"x": 1.0}, {"x": 2.0}, {"x": 5.0}]])
def test_rows_may_name_the_only_input(url: str, instances: list[Any]) -> None:
    """Where there is one input, a row is its value, or an object that names it."""
    assert predict(url, "half_plus_three", {"instances": instances}) == (200, {"predictions": [3.5, 4.0, 5.5]})


@pytest.mark.parametrize("inputs", [[1.0, 2.0, 5.0], {"x": [1.0, 2.0, 5.0]}])
def test_columns_may_name_the_only_input(url: str, inputs: Any) -> None:
    """The same in column form, whose answer is in column form too."""
    assert predict(url, "half_plus_three", {"inputs": inputs}) == (200, {"outputs": [3.5, 4.0, 5.5]})


def test_predicts_several_inputs_in_rows(url: str) -> None:
    """Rows of several named tensors get a row of all outputs each."""
    status, document = predict(url, "sensors", {"instances": ROWS})
    assert status == 200
    assert document == {
        "predictions": [{"label": "FOO", "peak": 5, "mean": 2.5}, {"label": "BAR", "peak": 5, "mean": 5.75}]
    }


def test_predicts_several_inputs_in_columns(url: str) -> None:
    """Columns of several named tensors get a column of each output."""
    status, document = predict(url, "sensors", {"inputs": COLUMNS})
    assert (status, document) == (200, {"outputs": {"label": ["FOO", "BAR"], "peak": [5, 5], "mean": [2.5, 5.75]}})


def test_columns_need_not_be_equally_long(url: str) -> None:
    """Inputs in column form need not have as many rows as one another."""
    body = {"inputs": {"x": [1.0, 2.0, 3.0], "shift": [10.0, 20.0]}}
    assert predict(url, "shifted", body) == (200, {"outputs": [31.0, 32.0, 33.0]})


@pytest.mark.parametrize("instance", [PICTURE, {"picture_bytes": PICTURE}])
def test_binary_values_are_base64(url: str, instance: dict[str, Any]) -> None:
    """Bytes go in as {"b64": ...}, and come back so from outputs whose name ends in _bytes."""
    assert predict(url, "picture", {"instances": [instance]}) == (200, {"predictions": [PICTURE]})
    assert predict(url, "picture", {"inputs": {"picture_bytes": [PICTURE]}}) == (200, {"outputs": [PICTURE]})


def test_base64_may_stand_for_text(url: str) -> None:
    """{"b64": ...} is taken wherever a string is; an output of another name is text."""
    rows = [{**ROWS[0], "tag": {"b64": base64.b64encode(b"foo").decode()}}]
    status, document = predict(url, "sensors", {"instances": rows})
    assert (status, document["predictions"][0]["label"]) == (200, "FOO")


@pytest.mark.parametrize(
    ("path", "value"),
    [("", 31.0), ("/versions/1", 31.0), ("/versions/2", 20.0), ("/labels/stable", 31.0), ("/labels/canary", 20.0)],
)
def test_predicts_with_what_the_path_names(url: str, path: str, value: float) -> None:
    """The version in the path predicts, or the one its label names; without either, the stable one."""
    assert predict(url, f"line{path}", {"instances": [[10.0]]}) == (200, {"predictions": [[value]]})


def test_takes_a_signature_name(url: str) -> None:
    """A request may name the signature it means."""
    body = {"signature_name": "serving_default", "instances": [[10.0]]}
    assert predict(url, "line", body) == (200, {"predictions": [[31.0]]})


@pytest.mark.parametrize(
    "body",
    [
        {},
        [1.0],
        {"instances": [1.0], "inputs": [1.0]},
        {"instances": 1.0},
        {"instances": []},
        {"instances": [[1.0, [2.0]]]},
        {"instances": ["one"]},
        {"instances": [{"y": 1.0}]},
        {"instances": [1.0], "signature_name": "nobody"},
        {"instances": [{"b64": "AAAA"}]},
        {"instances": [1e39]},
    ],
)
def test_mistakes_are_refused(url: str, body: Any) -> None:
    """What the model does not take is 400, with an error in words."""
    status, document = predict(url, "half_plus_three", body)
    assert (status, list(document)) == (400, ["error"])
    assert isinstance(document["error"], str)


@pytest.mark.parametrize("body", [b"{", b'{"instances": [NaN]}', b"", b'{"instances": ' + b"[" * 100_000])
def test_what_is_no_json_is_refused(url: str, body: bytes) -> None:
    """A body that is no JSON, or far too deep, is 400, and the next request gets its answer."""
    answer = requests.post(f"{url}/v1/models/half_plus_three:predict", data=body, timeout=30)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert predict(url, "half_plus_three", {"instances": [1.0]}) == (200, {"predictions": [3.5]})


def test_answers_are_json_where_values_are_not(url: str) -> None:
    """A prediction that overflows its dtype does not make the document something else than JSON."""
    answer = requests.post(f"{url}/v1/models/line:predict", json={"instances": [[3e38]]}, timeout=30)
    assert answer.status_code != 404
    assert json.loads(answer.content, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
