"""Predict with the stable version of a model, without a server.

python -m src.predict [MODEL] VALUE ...      python -m src.predict [MODEL] FILE.csv      (- reads standard input)
"""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback


def split_model(words: Sequence[str], model_store: Path) -> tuple[str, list[str]]:
    """Tell the model's name, which may be left out, from the values behind it.

    Args:
        words: What the command line says.
        model_store: Where models are.

    Returns:
        The model's name, and the other words.

    Raises:
        InputError: The first word looks like a name, and there is no model of that name.
        RecipeError: It is a recipe's file that cannot be loaded.
    """
    from src import recipes
    from src.errors import InputError
    from src.models_config import models

    if words and words[0].endswith(".py"):
        return recipes.find(words[0]).name, list(words[1:])
    known = sorted({*recipes.names(), *models(model_store)})
    if words and words[0] in known:
        return words[0], list(words[1:])
    if words and words[0].isidentifier() and words[0].lower() not in ("nan", "inf", "infinity"):
        raise InputError(f"{words[0]!r} is no value, no CSV file and no model; models: {', '.join(known)}")
    return cli.DEFAULT_RECIPE, list(words)


def main(arguments: Sequence[str]) -> None:
    """Run the command: one prediction a line on standard output; of several outputs, a JSON object by name.

    Raises:
        ModelSideError: What the user can mend.
    """
    parser = cli.Parser(
        prog="python -m src.predict",
        description=__doc__.splitlines()[0],
        epilog="a value such as -1e3 goes behind --: python -m src.predict -- -1e3",
    )
    parser.add_argument("words", nargs="*", metavar="[MODEL] VALUE|FILE.csv|-", help="default model: line")
    parser.add_store()
    # Intermixed, since options may stand between the words; argparse does not then know what -- means.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_intermixed_args(arguments[:end])
    from src import rows, saved_model, store

    name, words = split_model([*options.words, *arguments[end + 1 :]], options.store)
    _, path = store.find(options.store, name)
    model = saved_model.SavedModel(path)
    for batch in rows.batched(rows.read_rows(words, list(model.inputs))):
        sys.stdout.writelines(f"{_line(value)}\n" for value in model.predict(batch))


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else f"{value}"


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "predict"))
