"""The models' status and metadata, as TensorFlow Serving's documentation of its REST API has them.

https://www.tensorflow.org/tfx/serving/api_rest
"""

import pytest

from tests.e2e.clients.rest import get, predict

AVAILABLE = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}


def test_lists_the_models(url: str) -> None:
    """The models are listed, as protocol v1 has it."""
    status, document = get(url, "")
    assert status == 200
    assert "line" in document["models"]


@pytest.mark.parametrize("path", ["", "/versions/123"])
def test_tells_the_status_of_a_model(url: str, path: str) -> None:
    """A model's status lists its versions, a version's itself."""
    status, document = get(url, f"/half_plus_three{path}")
    assert (status, document["model_version_status"]) == (200, [{"version": "123", **AVAILABLE}])


@pytest.mark.parametrize(
    ("path", "versions"),
    [("", {"1", "2"}), ("/versions/1", {"1"}), ("/labels/stable", {"1"}), ("/labels/canary", {"2"})],
)
def test_status_is_of_what_the_path_names(url: str, path: str, versions: set[str]) -> None:
    """A model's status has all its versions, a version's and a label's only that."""
    status, document = get(url, f"/line{path}")
    assert status == 200
    assert {entry["version"] for entry in document["model_version_status"]} == versions


@pytest.mark.parametrize("path", ["", "/versions/123"])
def test_tells_the_metadata_of_a_model(url: str, path: str) -> None:
    """The metadata have the model's name and version, and its signatures as TensorFlow writes them."""
    status, document = get(url, f"/half_plus_three{path}/metadata")
    assert status == 200
    assert document["model_spec"] == {"name": "half_plus_three", "signature_name": "", "version": "123"}
    signature = document["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    for tensors, name in ((signature["inputs"], "x"), (signature["outputs"], "y")):
        assert tensors[name]["dtype"] == "DT_FLOAT"
        assert tensors[name]["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}


@pytest.mark.parametrize("model", ["half", "line/versions/9", "line/labels/nobody"])
def test_what_is_unknown_is_not_found(url: str, model: str) -> None:
    """An unknown model, version or label is 404, with an error that names it, on every route."""
    for status, document in (
        predict(url, model, {"instances": [1.0, 5.0]}),
        get(url, f"/{model}"),
        get(url, f"/{model}/metadata"),
    ):
        assert status == 404
        assert list(document) == ["error"]
        assert model.rpartition("/")[2] in document["error"]
