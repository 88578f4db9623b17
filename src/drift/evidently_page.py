"""Writes Evidently's page on data drift; runs in the environment that has Evidently, and needs no other of our files.

python src/drift/evidently_page.py FOLDER PAGE
    FOLDER holds current.parquet, reference.parquet, and columns.json: {"numerical": […], "categorical": […]}
"""

import json
import os
import sys
import warnings
from pathlib import Path

THRESHOLD = 0.2


def main(folder: Path, page: Path) -> None:
    """Write the page."""
    os.environ["DO_NOT_TRACK"] = "1"  # Evidently's name for it: it tells nobody that it is used
    warnings.simplefilter("ignore")  # of pandas' future, which its pin keeps away
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    columns = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    definition = DataDefinition(numerical_columns=columns["numerical"], categorical_columns=columns["categorical"])
    current, reference = (
        Dataset.from_pandas(pd.read_parquet(folder / f"{name}.parquet"), data_definition=definition)
        for name in ("current", "reference")
    )
    # As `python -m src.drift` judges, though by buckets of its own: one column that has drifted is drift.
    share = 1 / sum(map(len, columns.values()))
    report = Report([DataDriftPreset(method="psi", threshold=THRESHOLD, drift_share=share)])
    report.run(current, reference).save_html(str(page))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
