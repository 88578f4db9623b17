"""TensorFlow Serving's REST API, spoken by hand."""

from typing import Any

import requests


def get(url: str, path: str) -> tuple[int, Any]:
    """GET a document."""
    answer = requests.get(f"{url}/v1/models{path}", timeout=30)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, answer.json()


def predict(url: str, model: str, body: Any) -> tuple[int, Any]:
    """POST a document; `model` may go on with a version or a label."""
    answer = requests.post(f"{url}/v1/models/{model}:predict", json=body, timeout=30)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, answer.json()
