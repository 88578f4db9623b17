"""Ray Serve, with batching."""

import os
import time
from typing import Any

import ray
from ray import serve
from starlette.requests import Request

from benchmarks.serving.apps.model import Model


@serve.deployment(num_replicas=2, max_ongoing_requests=256, ray_actor_options={"num_cpus": 0})
class Service:
    """The model, once a replica."""

    def __init__(self) -> None:
        self.model = Model()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.0)
    async def predict(self, requests: list[list[Any]]) -> list[list[float]]:
        """The predictions of each request."""
        answers = iter(self.model.predict([row for rows in requests for row in rows]))
        return [[next(answers) for _ in rows] for rows in requests]

    async def __call__(self, request: Request) -> dict[str, list[float]]:
        """Answer a request."""
        return {"prediction": await self.predict((await request.json())["data"])}


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["PORT"])})
    serve.run(Service.bind(), route_prefix="/predict")
    while True:
        time.sleep(3600)
