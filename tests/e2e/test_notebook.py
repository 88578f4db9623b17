"""The data scientist's notebook: it runs, and `src` learns the line that it learns."""

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import tensorflow as tf
from nbclient import NotebookClient

PROJECT = Path(__file__).parents[2]
NOTEBOOK = PROJECT / "notebooks" / "my_best_model.ipynb"
# Appended for the test: what the notebook's variables hold at its end.
REPORT = """
import json
weights = [float(array.squeeze()) for array in model.get_weights()]
print(json.dumps([float(prediction.squeeze()), float(loaded_prediction.squeeze()), *weights]))
"""


def read_notebook() -> Any:
    """The notebook as committed; fails where it is no valid notebook."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]  # partly annotated
    nbformat.validate(notebook)
    return notebook


def learnt_by_src(store: Path) -> tuple[float, float]:
    """Slope and intercept of the line that `src` publishes."""
    command: list[str | Path] = [sys.executable, "-m", "src.train", "--quiet", "--store", store]
    subprocess.run(command, cwd=PROJECT, check=True, timeout=120)
    serve = tf.saved_model.load(str(store / "line" / "1")).signatures["serving_default"]
    at_0, at_1 = serve(x=tf.constant([[0.0], [1.0]]))["y"].numpy().ravel().tolist()
    return at_1 - at_0, at_0


def test_the_notebook_is_committed_without_outputs() -> None:
    """Neither outputs nor execution counts are committed, and every cell has an id."""
    notebook = read_notebook()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert {cell.execution_count for cell in code} == {None}
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert notebook.metadata.kernelspec.name == "python3"


def test_src_learns_the_line_that_the_notebook_learns(tmp_path: Path) -> None:
    """The notebook answers 31 for 10 before and after the reload, and `src` has its weights within 1e-3."""
    notebook = read_notebook()
    notebook.cells.append(nbformat.v4.new_code_cell(REPORT))  # type: ignore[no-untyped-call]
    client = NotebookClient(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": tmp_path}})
    client.execute()
    printed = "".join(output.text for output in notebook.cells[-1].outputs if output.output_type == "stream")
    predicted, predicted_again, slope, intercept = (float(text) for text in printed.strip(" []\n").split(","))
    assert math.isclose(predicted, 31, abs_tol=1e-2)
    assert predicted_again == predicted
    assert (tmp_path / "my_best_model.keras").is_file()
    np.testing.assert_allclose(learnt_by_src(tmp_path / "store"), (slope, intercept), atol=1e-3)
