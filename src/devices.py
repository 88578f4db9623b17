"""Where a run trains: on one device, or on all GPUs of this machine."""

import json
import os
from typing import Any

from src.errors import ModelSideError


def strategy() -> Any:
    """The distribution strategy for the devices that TensorFlow finds; nothing of it is a setting of this project.

    Devices are the logical GPUs that TensorFlow sees, or, where there are none, its logical CPUs: one, unless a program
    has made several.

    Returns:
        A `tf.distribute` strategy; the default one where there is one device.

    Raises:
        ModelSideError: TF_CONFIG cannot be read, or names several workers, which Keras 3 cannot train on.
    """
    import tensorflow as tf

    try:
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
    except (ValueError, AttributeError) as error:
        raise ModelSideError(f"TF_CONFIG cannot be read: {error}") from error
    if sum(map(len, cluster.values())) > 1:
        # Keras 3.15 reduces the losses of MultiWorkerMirroredStrategy's replicas along a dimension that they lack.
        raise ModelSideError("TF_CONFIG names several workers; Keras 3 trains on the devices of one machine only")
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) > 1:
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


def replicas(model: Any) -> int:
    """On how many devices a model is trained at a time."""
    return int(model.distribute_strategy.num_replicas_in_sync)


def build(model: Any, dataset: Any) -> None:
    """Make a compiled model's state, which Keras otherwise does from the first distributed batch.

    Keras takes the mean of that batch over the devices for it, which strings do not have: so it is given a batch as it
    is, and told that nothing is left to do.

    Args:
        model: The model, built and compiled in a strategy's scope.
        dataset: The batches it will be trained on.
    """
    if replicas(model) == 1:
        return
    model.test_on_batch(*next(iter(dataset)))
    model.reset_metrics()
    model._maybe_symbolic_build = lambda **_: None  # noqa: SLF001  # Keras has no public way to say so
