"""Triton's HTTP client asks what the Open Inference Protocol tells of the server and its models."""

import pytest

from tests.e2e.clients.program import Client, ClientError


def test_server_is_live_and_ready(triton: Client) -> None:
    """The server is live and ready."""
    assert (triton.is_server_live(), triton.is_server_ready()) == (True, True)


def test_is_live_but_not_ready_without_a_model_server(lonely_triton: Client) -> None:
    """While the model server is away the server is live, and neither it nor a model is ready."""
    assert lonely_triton.is_server_live()
    assert not lonely_triton.is_server_ready()
    assert not lonely_triton.is_model_ready(model_name="line")


@pytest.mark.parametrize(
    ("name", "version", "ready"),
    [("line", "", True), ("line", "1", True), ("line", "2", True), ("line", "3", False), ("nobody", "", False)],
)
def test_model_is_ready(triton: Client, name: str, version: str, ready: bool) -> None:  # noqa: FBT001  # parametrized
    """A model is ready when one of its versions is, a version when it is itself, and what is unknown is not."""
    assert triton.is_model_ready(model_name=name, model_version=version) is ready


def test_server_metadata(triton: Client) -> None:
    """The server has a name and a version, and says that it takes binary tensors."""
    metadata = triton.get_server_metadata()
    assert isinstance(metadata["name"], str)
    assert isinstance(metadata["version"], str)
    assert "binary_tensor_data" in metadata["extensions"]


@pytest.mark.parametrize("version", ["", "1"])
def test_model_metadata(triton: Client, version: str) -> None:
    """A model has its versions, and its inputs and outputs with dtype and shape."""
    metadata = triton.get_model_metadata(model_name="line", model_version=version)
    assert metadata["name"] == "line"
    assert sorted(metadata["versions"]) == ["1", "2"]
    assert metadata["platform"] == "tensorflow_savedmodel"
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 1]}]
    assert metadata["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [-1, 1]}]


def test_metadata_of_several_inputs(triton: Client) -> None:
    """All inputs and outputs are named, texts as BYTES."""
    metadata = triton.get_model_metadata(model_name="mixed")
    inputs = {tensor["name"]: (tensor["datatype"], tensor["shape"]) for tensor in metadata["inputs"]}
    outputs = {tensor["name"]: (tensor["datatype"], tensor["shape"]) for tensor in metadata["outputs"]}
    assert inputs == {
        "price": ("FP64", [-1]),
        "count": ("INT64", [-1]),
        "sold": ("BOOL", [-1]),
        "word": ("BYTES", [-1]),
    }
    assert outputs == {"total": ("FP64", [-1]), "some": ("BOOL", [-1]), "upper": ("BYTES", [-1])}


@pytest.mark.parametrize("call", ["get_model_config", "get_inference_statistics"])
def test_what_is_not_offered_is_told(triton: Client, call: str) -> None:
    """Extensions that are not offered are not found, in words that the client can show."""
    with pytest.raises(ClientError) as caught:
        getattr(triton, call)(model_name="line")
    assert caught.value.status == 404
    assert "exception occurred in the client" not in caught.value.message
