"""LitServe, with batching."""

import os
from typing import Any

import litserve

from benchmarks.serving.apps.model import Model


class Api(litserve.LitAPI):
    """The model, once a worker; a request's rows stay together."""

    def setup(self, device: str) -> None:  # noqa: ARG002
        """Load it."""
        self.model = Model()

    def decode_request(self, request: dict[str, Any]) -> list[Any]:
        """The rows of a request."""
        rows: list[Any] = request["data"]
        return rows

    def batch(self, inputs: list[list[Any]]) -> list[list[Any]]:
        """The requests of a batch."""
        return inputs

    def predict(self, x: list[list[Any]]) -> list[list[float]]:
        """The predictions of each request."""
        answers = iter(self.model.predict([row for rows in x for row in rows]))
        return [[next(answers) for _ in rows] for rows in x]

    def unbatch(self, output: list[list[float]]) -> list[list[float]]:
        """The answers of a batch."""
        return output

    def encode_response(self, output: list[float]) -> dict[str, list[float]]:
        """The answer to a request."""
        return {"prediction": output}


if __name__ == "__main__":
    api = Api(max_batch_size=64, batch_timeout=0.0)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=2, timeout=30)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="warning")
