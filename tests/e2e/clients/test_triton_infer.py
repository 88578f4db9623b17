"""Triton's HTTP client infers over the Open Inference Protocol, with binary tensors or in JSON."""

import math
from typing import Any

import pytest

from tests.e2e.clients.program import Client, ClientError, tensor
from tests.e2e.clients.store import ECHOED

BINARY = pytest.mark.parametrize("binary", [True, False], ids=["binary", "JSON"])
MIXED: list[tuple[str, str, list[Any]]] = [
    ("price", "FP64", [2.5, -1.0]),
    ("count", "INT64", [4, 2**53 + 1]),
    ("sold", "BOOL", [True, False]),
    ("word", "BYTES", ["äpfel", ""]),
]
# The greatest and least of every dtype, or what rounds when it is stored as another.
ECHO: dict[str, list[list[Any]]] = {
    "bool": [[True, False]],
    **{f"uint{bits}": [[0, 2**bits - 1]] for bits in (8, 16, 32, 64)},
    **{f"int{bits}": [[-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]] for bits in (8, 16, 32, 64)},
    "fp16": [[65504.0, 2.0**-24]],
    "bf16": [[1.0078125, 2.0**127]],
    "fp32": [[0.10000000149011612, -(2.0**-149)]],
    "fp64": [[0.1, 1e308]],
    "bytes": [["grün", ""]],
}


def echo_inputs(*, binary: bool) -> list[dict[str, Any]]:
    """Inputs for `echo`; the client itself sends bfloat16 as binary data only."""
    return [tensor(name, name.upper(), values, binary=binary or name == "bf16") for name, values in ECHO.items()]


@BINARY
def test_infers(triton: Client, *, binary: bool) -> None:
    """One float32 tensor in gives one out, with the names of the model and of the version that answered."""
    answer = triton.infer(model_name="line", inputs=[tensor("x", "FP32", [[10.0], [0.5]], binary=binary)])
    assert answer["outputs"] == {"y": {"dtype": "float32", "shape": [2, 1], "values": [[31.0], [2.5]]}}
    assert (answer["document"]["model_name"], answer["document"]["model_version"]) == ("line", "1")


@BINARY
def test_infers_several_inputs_and_outputs(triton: Client, *, binary: bool) -> None:
    """Several inputs of several dtypes give several outputs."""
    inputs = [tensor(*described, binary=binary) for described in MIXED]
    outputs = triton.infer(model_name="mixed", inputs=inputs)["outputs"]
    assert outputs["total"] == {"dtype": "float64", "shape": [2], "values": [10.0, -float(2**53)]}
    assert outputs["some"] == {"dtype": "bool", "shape": [2], "values": [True, False]}
    assert outputs["upper"] == {"dtype": "object", "shape": [2], "values": ["äPFEL", ""]}


def test_inputs_can_be_binary_and_json_in_one_request(triton: Client) -> None:
    """Binary data belong to those inputs that say so, in any order among the others."""
    inputs = [tensor(*described, binary=number % 2 == 1) for number, described in enumerate(MIXED)]
    outputs = triton.infer(model_name="mixed", inputs=inputs[::-1])["outputs"]
    assert outputs["total"]["values"] == [10.0, -float(2**53)]
    assert outputs["some"]["values"] == [True, False]


@BINARY
def test_every_dtype_goes_there_and_back(triton: Client, *, binary: bool) -> None:
    """Every dtype is taken and given back exactly, up to its bounds."""
    assert ECHO.keys() == ECHOED.keys()
    requested = [{"name": f"{name}_out", "binary_data": binary} for name in ECHO]
    outputs = triton.infer(model_name="echo", inputs=echo_inputs(binary=binary), outputs=requested)["outputs"]
    assert {name: output["values"] for name, output in outputs.items()} == {
        f"{name}_out": values for name, values in ECHO.items()
    }


def test_bytes_need_not_be_text(triton: Client) -> None:
    """Binary data carry bytes that are no UTF-8."""
    raw = [b"\xff\x00\xfe".decode("utf-8", "surrogateescape"), "\0"]
    (answered,) = triton.infer(model_name="picture", inputs=[tensor("picture_bytes", "BYTES", raw)])["outputs"].values()
    assert answered["values"] == raw


def test_binary_answers_carry_what_json_cannot(triton: Client) -> None:
    """A prediction that overflows comes back as infinity in binary data."""
    answer = triton.infer(model_name="line", inputs=[tensor("x", "FP32", [[3e38]])])
    assert answer["outputs"]["y"]["values"] == [[math.inf]]


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_values_are_finite(triton: Client, value: float) -> None:
    """A number that is not finite is no value in binary data either."""
    with pytest.raises(ClientError, match="expected finite numbers"):
        triton.infer(model_name="line", inputs=[tensor("x", "FP32", [[1.0], [value]])])


def test_outputs_are_those_requested(triton: Client) -> None:
    """Only the outputs asked for are answered, each as binary data or not, as was asked for it."""
    requested = [{"name": "upper", "binary_data": False}, {"name": "total", "binary_data": True}]
    inputs = [tensor(*described) for described in MIXED]
    answer = triton.infer(model_name="mixed", inputs=inputs, outputs=requested)
    upper, total = answer["document"]["outputs"]
    assert (upper["name"], upper["data"]) == ("upper", ["äPFEL", ""])
    assert (total["name"], total["parameters"]) == ("total", {"binary_data_size": 16})
    assert answer["outputs"]["total"]["values"] == [10.0, -float(2**53)]


def test_request_id_comes_back(triton: Client) -> None:
    """The request's id is the answer's."""
    inputs = [tensor("x", "FP32", [[1.0]])]
    assert triton.infer(model_name="line", inputs=inputs, request_id="it's me")["document"]["id"] == "it's me"


@pytest.mark.parametrize(("version", "value"), [("1", 31.0), ("2", 20.0)])
def test_infers_with_the_version_asked_for(triton: Client, version: str, value: float) -> None:
    """The version in the path answers, and says so."""
    inputs = [tensor("x", "FP32", [[10.0]])]
    answer = triton.infer(model_name="line", model_version=version, inputs=inputs)
    assert answer["outputs"]["y"]["values"] == [[value]]
    assert answer["document"]["model_version"] == version


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        ({"model_name": "nobody", "inputs": [tensor("x", "FP32", [[1.0]])]}, 404, "nobody"),
        ({"model_name": "line", "model_version": "9", "inputs": [tensor("x", "FP32", [[1.0]])]}, 404, "9"),
        ({"model_name": "line", "inputs": [tensor("x", "FP64", [[1.0]])]}, 400, "FP64"),
        ({"model_name": "line", "inputs": [tensor("x", "FP32", [[1.0, 2.0]])]}, 400, "x"),
        ({"model_name": "line", "inputs": [tensor("z", "FP32", [[1.0]])]}, 400, "z"),
        ({"model_name": "line", "inputs": [tensor("x", "FP32", [[1.0]])], "outputs": [{"name": "no"}]}, 400, "no"),
        ({"model_name": "line", "inputs": [tensor("x", "FP32", [[math.nan]], binary=False)]}, 400, ""),
    ],
    ids=["model", "version", "dtype", "shape", "input", "output", "NaN in JSON"],
)
def test_mistakes_are_told(triton: Client, arguments: dict[str, Any], status: int, word: str) -> None:
    """A mistake is an exception with the HTTP status and a message that names the place."""
    with pytest.raises(ClientError) as caught:
        triton.infer(**arguments)
    assert (caught.value.kind, caught.value.status) == ("InferenceServerException", status)
    assert word in caught.value.message
    assert "exception occurred in the client" not in caught.value.message, "the answer has no error as the client wants"


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_a_compressed_request_is_refused(triton: Client, algorithm: str) -> None:
    """A compressed body is refused with 415; an answer asked for in compressed form comes as it is."""
    inputs = [tensor("x", "FP32", [[10.0]])]
    with pytest.raises(ClientError) as caught:
        triton.infer(model_name="line", inputs=inputs, request_compression_algorithm=algorithm)
    assert caught.value.status == 415
    answer = triton.infer(model_name="line", inputs=inputs, response_compression_algorithm=algorithm)
    assert answer["outputs"]["y"]["values"] == [[31.0]]
