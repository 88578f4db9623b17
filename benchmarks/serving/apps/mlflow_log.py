"""Write a SavedModel as an MLflow model, for `mlflow models serve`."""

import sys
from typing import Any

import mlflow

from benchmarks.serving.apps.model import Model


class Served(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
    """The model."""

    def load_context(self, context: Any) -> None:  # noqa: ARG002
        """Load it."""
        self.model = Model()

    def predict(self, context: Any, model_input: Any, params: Any = None) -> list[float]:  # noqa: ARG002
        """One prediction a row."""
        return self.model.predict(list(model_input))


if __name__ == "__main__":
    mlflow.pyfunc.save_model(sys.argv[1], python_model=Served())
