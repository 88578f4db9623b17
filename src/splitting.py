"""Which rows are held out: decided for each row by itself, so that no other row, nor any order, can change it."""

from collections.abc import Mapping

import numpy as np

from src.dtypes import Array
from src.errors import RecipeError


def held_out(inputs: Mapping[str, Array], share: float, seed: int) -> Array:
    """Choose the rows to hold out, by a hash of each row's inputs and the seed.

    A row keeps its side when others come, go or change places. Rows of equal inputs stand on one side together, so
    that none is held out whose twin was trained on; where only few different rows exist, the share is met as nearly as
    whole groups of twins allow.

    Args:
        inputs: One array a feature, of shape (rows, *feature.shape) and the declared dtype; strings are `str` in an
            object array. The features' names only order them: by the alphabet, whatever the mapping's order.
        share: What part of the rows to hold out, between 0 and 1.
        seed: Another seed gives another choice, independent of the first.

    Returns:
        True for each row that is held out: bool of shape (rows,).

    Raises:
        RecipeError: The share is not between 0 and 1, or a string is no Unicode text.
    """
    if not 0 < share < 1:
        raise RecipeError(f"the share of rows to hold out is {share}, not between 0 and 1")
    mixed = np.broadcast_to(_hashes(np.array([f"seed {seed}"], object)), len(next(iter(inputs.values()))))
    for name in sorted(inputs):
        try:
            for values in _columns(inputs[name]):
                mixed = _hashes(mixed + _hashes(values))  # hashed in between, so that the columns' order counts
        except UnicodeEncodeError as error:
            raise RecipeError(f"feature {name!r} holds {error.object!r:.80}: no Unicode text") from error
    upper = mixed >> np.uint64(11)  # 53 bits, which a float holds exactly
    chosen: Array = upper * 2.0**-53 < share
    return chosen


def _columns(array: Array) -> Array:
    """The values of all rows, place by place of the feature's shape."""
    return array.reshape(len(array), int(np.prod(array.shape[1:], dtype=int))).T


def _hashes(values: Array) -> Array:
    """64 bits for each value, the same on every machine; -0.0 has those of 0.0."""
    from pandas.util import hash_array  # here, so that naming a recipe does not cost pandas' import

    hashes: Array = hash_array(values, categorize=False)
    return hashes
