"""Write a page that shows how the rows of a prediction log differ from those that the model was trained on.

python -m src.drift.report LOG [--model NAME] [--version N] [--reference RECIPE|LOG] [--html FILE]
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback

if TYPE_CHECKING:
    from src.drift.samples import Columns

HERE = Path(__file__).parent
ENVIRONMENT = ".venv-drift"
TIMEOUT_SECONDS = 600


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = cli.Parser(prog="python -m src.drift.report", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("log", metavar="LOG", help="a prediction log")
    parser.add_argument("--model", help="whose rows, where the log has those of several")
    parser.add_argument("--version", type=int, metavar="N", help="of which version (default: the newest in the log)")
    what = "what to compare with: a recipe's training rows, or an earlier prediction log (default: the model's recipe)"
    parser.add_argument("--reference", metavar="RECIPE|LOG", help=what)
    parser.add_argument(
        "--html", type=Path, default=Path("drift.html"), metavar="FILE", help="the page (default: %(default)s)"
    )
    parser.add_store()
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Run the command.

    Raises:
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    from src import store
    from src.card import read_card
    from src.drift import samples
    from src.errors import StoreError

    python = interpreter()
    model, version = _which(samples.versions(options.log), options)
    _, folder = store.find(options.store, model, version)
    card = read_card(folder)
    if card is None:
        raise StoreError(f"{folder} has no model card, so that its features are not known")
    columns = samples.columns_of(card)
    current = samples.logged(options.log, model, version, columns)
    note = ""
    if options.reference and Path(options.reference).is_file() and not options.reference.endswith(".py"):
        reference = samples.logged(options.reference, model, None, columns)
    else:
        reference, note = samples.trained(options.reference or model, folder, columns)
    write_page(python, columns, current, reference, options.html)
    if note:
        print(f"drift: {note}", file=sys.stderr)
    rows = [len(next(iter(table.values()))) for table in (current, reference)]
    print(f"{model} version {version}: {rows[0]:,} logged rows beside {rows[1]:,} for reference: {options.html}")


def _which(versions: Sequence[tuple[str, int]], options: argparse.Namespace) -> tuple[str, int]:
    """The model and version to show.

    Raises:
        InputError: The log does not tell of it, or of several models.
    """
    from src.errors import InputError

    fitting = [
        (model, version)
        for model, version in versions
        if options.model in (None, model) and options.version in (None, version)
    ]
    if not fitting:
        there = ", ".join(f"{model} version {version}" for model, version in versions) or "nothing"
        raise InputError(f"{options.log} does not tell of that; it tells of {there}")
    if len({model for model, _ in fitting}) > 1:
        raise InputError(f"{options.log} tells of {', '.join(sorted({model for model, _ in fitting}))}: say --model")
    return fitting[-1]


def interpreter() -> Path:
    """The Python that has Evidently: this one, or that of the environment `.venv-drift`.

    Raises:
        InputError: There is none.
    """
    from src.errors import InputError

    if importlib.util.find_spec("evidently"):
        return Path(sys.executable)
    python = HERE.parents[1] / ENVIRONMENT / "bin" / "python"
    if not python.exists():
        requirements = f"{ENVIRONMENT}/bin/python -m pip install -r src/drift/requirements.txt"
        raise InputError(f"the page needs Evidently: python3 -m venv {ENVIRONMENT} && {requirements}")
    return python


def write_page(
    python: Path,
    columns: "Columns",
    current: Mapping[str, Sequence[Any]],
    reference: Mapping[str, Sequence[Any]],
    page: Path,
) -> None:
    """Have Evidently write its page.

    Args:
        python: The interpreter that has it.
        columns: What to compare.
        current: The rows, by column.
        reference: What to compare them with.
        page: The file.

    Raises:
        InputError: It cannot be written.
    """
    import pandas as pd

    from src.errors import InputError

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, rows in (("current", current), ("reference", reference)):
            pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
        told = {"numerical": list(columns.numerical), "categorical": list(columns.categorical)}
        (folder / "columns.json").write_text(json.dumps(told), encoding="utf-8")
        # Isolated: else what it imports would find our modules, which lie beside it, first.
        words: list[str | Path] = [python, "-I", HERE / "evidently_page.py", folder, page]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    if ended.returncode:
        last = (ended.stderr.strip() or "it ended without a word").splitlines()[-1]
        raise InputError(f"Evidently cannot write {page}: {last}")


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "drift"))
