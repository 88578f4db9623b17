"""Predict with the newest published version of a model, without a server.

python -m src.predict [RECIPE] VALUE ...      python -m src.predict [RECIPE] FILE.csv      (- reads standard input)
"""

import argparse
import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from src import cli, recipes, store
from src.errors import InputError, StoreError
from src.quiet import import_tensorflow
from src.rows import Row, check_values, read_csv

BATCH_ROWS = 4096  # bounds memory however long the CSV file is


class SavedModel:
    """A published version, ready to predict rows of named texts."""

    def __init__(self, path: Path) -> None:
        """Load the version.

        Args:
            path: The SavedModel's folder.

        Raises:
            StoreError: It cannot be loaded.
        """
        import_tensorflow()
        import tensorflow as tf

        try:
            self._loaded = tf.saved_model.load(str(path))  # kept: the signature does not keep its variables alive
        except (OSError, ValueError, LookupError, tf.errors.OpError) as error:  # one for each kind of damage
            raise StoreError(f"cannot load {path}: {' '.join(str(error).split())[:300]}") from error
        self._signature = self._loaded.signatures["serving_default"]
        self.inputs: dict[str, Any] = self._signature.structured_input_signature[1]

    def predict(self, rows: Sequence[Row]) -> list[Any]:
        """Predict a batch.

        Args:
            rows: Texts by input name, with the place they came from.

        Returns:
            One value a row.

        Raises:
            InputError: A text is no value of its input's dtype.
        """
        import tensorflow as tf

        batch = {}
        for name, spec in self.inputs.items():
            values = check_values(rows, name, spec.dtype.as_numpy_dtype)
            batch[name] = tf.constant(values.reshape(len(rows), *spec.shape[1:]), spec.dtype)
        (output,) = self._signature(**batch).values()
        return output.numpy().reshape(len(rows)).tolist()  # type: ignore[no-any-return]


def split_recipe(words: Sequence[str]) -> tuple[str, list[str]]:
    """Tell the recipe's name, which may be left out, from the values behind it."""
    if words and words[0] in recipes.names():
        return words[0], list(words[1:])
    return cli.DEFAULT_RECIPE, list(words)


def read_rows(words: Sequence[str], names: Sequence[str]) -> Iterator[Row]:
    """The rows that the command line asks for.

    Args:
        words: Values, one row each; or one CSV file's name; or `-`.
        names: The model's inputs.

    Yields:
        Rows of texts by input name.

    Raises:
        InputError: There is nothing to predict, or a file cannot be read.
    """
    if not words:
        raise InputError("nothing to predict: give values, a CSV file, or - for standard input")
    if len(words) == 1 and (words[0] == "-" or Path(words[0]).suffix == ".csv" or _is_file(words[0])):
        yield from read_csv(words[0], names)
        return
    if len(names) != 1:
        raise InputError(f"this model takes {', '.join(names)}: give a CSV file with these columns")
    for position, word in enumerate(words, 1):
        yield Row(f"value {position}", {names[0]: word})


def _is_file(word: str) -> bool:
    try:
        return Path(word).exists()
    except OSError:  # such as a name that is too long
        return False


def batched(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut rows into lists of at most BATCH_ROWS."""
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, BATCH_ROWS)):
        yield batch


def main(arguments: Sequence[str]) -> None:
    """Run the command: one prediction a line on standard output.

    Raises:
        ModelSideError: What the user can mend.
    """
    parser = argparse.ArgumentParser(
        prog="python -m src.predict",
        description=__doc__.splitlines()[0],
        epilog="a value such as -1e3 goes behind --: python -m src.predict -- -1e3",
    )
    parser.add_argument("words", nargs="*", metavar="[RECIPE] VALUE|FILE.csv|-", help="default recipe: line")
    parser.add_argument("--store", type=Path, default=cli.DEFAULT_STORE, help="the model store (default: %(default)s)")
    # Intermixed, since options may stand between the words; argparse does not then know what -- means.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_intermixed_args(arguments[:end])
    name, words = split_recipe([*options.words, *arguments[end + 1 :]])
    _, path = store.newest(options.store, name)
    model = SavedModel(path)
    for batch in batched(read_rows(words, list(model.inputs))):
        sys.stdout.writelines(f"{value}\n" for value in model.predict(batch))


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "predict"))
