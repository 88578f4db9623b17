"""What models are asked and answer, counted by the buckets of their cards: drift can be computed from the metrics."""

import logging

from gateway import metrics
from gateway.aside import Aside
from gateway.buckets import Watched, watched
from gateway.card import FeatureCard, OutputCard
from gateway.contract import Contract
from gateway.dtypes import Dtype
from gateway.errors import InvalidInputError
from gateway.predictor import Prediction
from gateway.sample import sample
from gateway.seldom import Seldom

MAX_WAITING = 1_000
MAX_BYTES = 16 * 1024 * 1024  # of the tensors that wait
MAX_WATCHED = 100  # features and outputs of a version: each makes two dozen series
MAX_VERSIONS = 100  # that are remembered at a time
GATHER_SECONDS = 0.05
LOG_SECONDS = 60.0
WHAT = "observation"

log = logging.getLogger("gateway")


class Observer:
    """Counts in a thread of its own; what it cannot keep up with is dropped and counted."""

    def __init__(self) -> None:
        self._seldom = Seldom(LOG_SECONDS)
        # By model, version and signature, of which a version has several.
        self._known: dict[tuple[str, int, str], tuple[Contract, list[Watched]]] = {}
        self._aside = Aside(
            self._see_to,
            name="observation",
            max_items=MAX_WAITING,
            max_bytes=MAX_BYTES,
            finishes=True,
            gather_seconds=GATHER_SECONDS,
        )

    def offer(self, model: str, prediction: Prediction) -> None:
        """Have a prediction counted. Takes no time, and never fails.

        Args:
            model: The model's name.
            prediction: What was answered.
        """
        # Where another version has answered than the one that was asked, the card is not its own.
        if not prediction.contract.is_watched or prediction.contract.version != prediction.version:
            return
        if not self._aside.put((model, prediction.packed()), prediction.size_bytes):
            metrics.count(metrics.DROPPED, WHAT)

    def refused(self, model: str, contract: Contract, error: InvalidInputError) -> None:
        """Count the values that were refused for being in no vocabulary.

        Args:
            model: The model's name.
            contract: What the request was checked against.
            error: Why it was refused.
        """
        for name in error.unknown:
            metrics.count(metrics.UNKNOWN_CATEGORIES, model, str(contract.version), name)

    def close(self) -> None:
        """Stop, when all that waits is counted."""
        self._aside.close()

    def _see_to(self, item: tuple[str, Prediction]) -> None:
        model, prediction = item
        try:
            self._count(model, prediction)
        except Exception:  # whatever is wrong with one, the next is another
            metrics.count(metrics.DROPPED, WHAT)
            if self._seldom.is_time():
                log.exception("cannot observe", extra={"model": model, "version": prediction.version})

    def _count(self, model: str, prediction: Prediction) -> None:
        where = model, str(prediction.version)
        for what in self._watched(model, prediction):
            tensors = prediction.batch.inputs if what.kind == "feature" else prediction.outputs
            values = sample(tensors[what.name], prediction.batch.rows)
            for place, number in what.count(values).items():
                if place is not None:
                    bucket = what.buckets[place]
                    metrics.count(metrics.VALUES, *where, what.kind, what.name, bucket, amount=number)
            if outside := what.outside(values):
                metrics.count(metrics.OUT_OF_RANGE, *where, what.kind, what.name, amount=outside)

    def _watched(self, model: str, prediction: Prediction) -> list[Watched]:
        key = model, prediction.version, prediction.contract.signature.name
        known = self._known.get(key)
        if known is not None and known[0] is prediction.contract:
            return known[1]
        found = _of(model, prediction)
        if len(self._known) >= MAX_VERSIONS:
            self._known.clear()
        self._known[key] = prediction.contract, found
        for what in found:
            for bucket, share in zip(what.buckets, what.shares, strict=True):
                labels = (model, str(prediction.version), what.kind, what.name, bucket)
                metrics.state(metrics.TRAINING_SHARE, *labels, value=share)
                metrics.count(metrics.VALUES, *labels, amount=0)  # for none is a count, too
        return found


def _of(model: str, prediction: Prediction) -> list[Watched]:
    """What there is to watch of a version."""
    contract, found = prediction.contract, list[Watched]()
    described: list[tuple[str, FeatureCard | OutputCard, Dtype]] = [
        *(("feature", feature.card, feature.leaf.dtype) for feature in contract.features),
        *(("output", output.card, output.dtype) for output in contract.outputs),
    ]
    where = {"model": model, "version": prediction.version}
    for kind, card, dtype in described:
        try:
            if (what := watched(kind, card, dtype)) is not None:
                found.append(what)
        except (ValueError, OverflowError) as error:
            log.warning("drift is not watched", extra=where | {"cause": str(error)})
    if len(found) > MAX_WATCHED:
        log.warning("drift is watched in part", extra=where | {"cause": f"the first {MAX_WATCHED} of {len(found)}"})
    return found[:MAX_WATCHED]
