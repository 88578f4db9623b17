"""Publishes a real model on a disk that grows page by page until it suffices; run as a program of its own.

python -m tests.unit.src.full_disk STORE      STORE is a mounted tmpfs that this program may remount
"""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from src import cli, export, models_config, recipes, store, verify
from src.errors import StoreError
from src.params import load_params
from src.publishing import store_errors
from src.release.operations import Operator
from tests.unit.src.conftest import train_and_export

PAGE_KILOBYTES = 4
MAX_PAGES = 64


def publish_until_it_fits(folder: Path) -> None:
    """Try with ever more pages; print each attempt's outcome and what lay in the store afterwards."""
    recipe = recipes.find("line")
    with tempfile.TemporaryDirectory() as scratch:
        line = train_and_export(recipe, load_params(recipe), Path(scratch) / "line")

    def write(path: Path) -> None:
        with store_errors(path):
            export.export(line.model, recipe, line.card, line.train, path)
        verify.verify(path, line.model, recipe, line.card, line.train)

    for pages in range(1, MAX_PAGES):
        command: list[str | Path] = ["mount", "-o", f"remount,size={pages * PAGE_KILOBYTES}k", folder]
        subprocess.run(command, check=True)
        try:
            store.prepare(folder)
            store.publish(folder, "line", write, partial(Operator(store=folder).promote, "line"))
        except StoreError as error:
            print(f"{error} | {_hidden(folder)} | {models_config.versions(folder / 'line')}")
        if models_config.versions(folder / "line"):
            print("published")
            return


def _hidden(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob(".*") if path.name not in (".lock", ".release.lock")]


if __name__ == "__main__":
    sys.exit(cli.run(partial(publish_until_it_fits, Path(sys.argv[1])), "full_disk"))
