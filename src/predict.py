"""Predict with the newest published version of a model, without a server.

python -m src.predict [RECIPE] VALUE ...      python -m src.predict [RECIPE] FILE.csv      (- reads standard input)
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback


def split_recipe(words: Sequence[str]) -> tuple[str, list[str]]:
    """Tell the recipe's name, which may be left out, from the values behind it.

    Raises:
        InputError: The first word looks like a name, and there is no recipe of that name.
    """
    from src import recipes
    from src.errors import InputError

    if words and words[0] in recipes.names():
        return words[0], list(words[1:])
    if words and words[0].isidentifier() and words[0].lower() not in ("nan", "inf", "infinity"):
        raise InputError(f"{words[0]!r} is no value, no CSV file and no recipe; recipes: {', '.join(recipes.names())}")
    return cli.DEFAULT_RECIPE, list(words)


def main(arguments: Sequence[str]) -> None:
    """Run the command: one prediction a line on standard output.

    Raises:
        ModelSideError: What the user can mend.
    """
    parser = cli.Parser(
        prog="python -m src.predict",
        description=__doc__.splitlines()[0],
        epilog="a value such as -1e3 goes behind --: python -m src.predict -- -1e3",
    )
    parser.add_argument("words", nargs="*", metavar="[RECIPE] VALUE|FILE.csv|-", help="default recipe: line")
    parser.add_argument("--store", type=Path, default=cli.DEFAULT_STORE, help="the model store (default: %(default)s)")
    # Intermixed, since options may stand between the words; argparse does not then know what -- means.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_intermixed_args(arguments[:end])
    from src import rows, saved_model, store

    name, words = split_recipe([*options.words, *arguments[end + 1 :]])
    _, path = store.newest(options.store, name)
    model = saved_model.SavedModel(path)
    for batch in rows.batched(rows.read_rows(words, list(model.inputs))):
        sys.stdout.writelines(f"{value}\n" for value in model.predict(batch))


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "predict"))
