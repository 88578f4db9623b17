"""BentoML, with adaptive batching."""

from typing import Any

import bentoml

from benchmarks.serving.apps.model import Model


@bentoml.service(workers=2, traffic={"timeout": 30}, metrics={"enabled": True})
class Service:
    """The model, once a worker."""

    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api(batchable=True, max_batch_size=10_000, max_latency_ms=1000)
    def predict(self, data: list[Any]) -> list[float]:
        """One prediction a row."""
        return self.model.predict(data)
