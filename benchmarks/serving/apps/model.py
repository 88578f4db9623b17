"""The SavedModel in a process: what the peers that have none of their own servers call."""

import os
from typing import Any

import numpy as np
import tensorflow as tf

VERSION = os.environ["BENCH_SAVED_MODEL"]  # a version's folder


class Model:
    """A SavedModel's signature."""

    def __init__(self) -> None:
        self._loaded = tf.saved_model.load(VERSION)
        self._signature = self._loaded.signatures["serving_default"]
        self._specs = self._signature.structured_input_signature[1]

    def predict(self, data: list[Any]) -> list[float]:
        """One prediction a row.

        Args:
            data: The rows: numbers, arrays of numbers, or objects of named ones.
        """
        named = isinstance(data[0], dict)
        inputs = {}
        for name, spec in self._specs.items():
            column = [row[name] for row in data] if named else data
            inputs[name] = tf.constant(np.asarray(column, "float32").reshape([len(data), *spec.shape[1:]]))
        (outputs,) = self._signature(**inputs).values()
        answers: list[float] = outputs.numpy().ravel().tolist()
        return answers
