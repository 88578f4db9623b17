"""Trains the mixed recipe on several virtual devices, in a program of its own: TensorFlow has to be told at its start.

python -m tests.unit.src.several_devices COUNT STORE   prints the replicas, the steps and the held-out MAE as JSON
"""

import json
import sys
from pathlib import Path

import tensorflow as tf

from tests.unit.src.mixed import publish_mixed

if __name__ == "__main__":
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(sys.argv[1]))
    run = publish_mixed(Path(sys.argv[2]))
    assert run.evaluation is not None
    print(json.dumps([run.origin.replicas, run.history.losses[-1][0], run.evaluation.model.test.mae]))
