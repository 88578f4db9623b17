"""What was measured since a test began: the metrics are the process', and other tests count as well."""

from gateway.metrics import REGISTRY


class Measured:
    """The metrics' growth from now on."""

    def __init__(self) -> None:
        self._before = self._now()

    def __call__(self, name: str, /, **labels: str) -> float:
        """How much a sample has grown.

        Args:
            name: The sample's name, such as `gateway_predictions_total`.
            labels: All of its labels.
        """
        return self.grown().get((name, tuple(sorted(labels.items()))), 0.0)

    def grown(self, name: str = "") -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """All samples whose names begin so that are new or have grown, and by how much."""
        now = {key: value for key, value in self._now().items() if value != self._before.get(key)}
        now = {key: value for key, value in now.items() if key[0].startswith(name)}
        return {key: value - self._before.get(key, 0.0) for key, value in now.items()}

    @staticmethod
    def _now() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        samples = (sample for metric in REGISTRY.collect() for sample in metric.samples)
        return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
