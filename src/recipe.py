"""The recipe: all that is particular to one model, in one object; everything else is shared machinery."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from src.dtypes import Array as Array  # recipes take it from here, as all they need
from src.dtypes import to_array
from src.errors import RecipeError


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hyperparameters that every recipe has; a recipe adds its own in a subclass.

    None has a default here: `params.yaml` is the one place where values stand.
    """

    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
    epochs: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    batch_size: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]


P = TypeVar("P", bound=Params)


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One named input of the model.

    Attributes:
        name: The input's name in the signature, and the CSV column's.
        dtype: A number's NumPy dtype, such as `float32`; `bool`; or `string`. `src.dtypes.DTYPES` lists them.
        description: One sentence for the people who will send values.
        unit: The unit of measurement, or None for a plain number.
        shape: One row's shape; the batch dimension comes in front of it.
        vocabulary: The categories of a categorical string, which are then the only values it has; None for any string.
    """

    name: str
    dtype: str
    description: str
    unit: str | None = None
    shape: tuple[int, ...] = (1,)
    vocabulary: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Output:
    """The model's named output: one number a row."""

    name: str
    description: str
    unit: str | None = None


@dataclass(frozen=True)
class Split:
    """Rows to train on, or rows held out.

    Attributes:
        inputs: One array a feature, of shape (rows, *feature.shape) and the feature's dtype; strings are `str` in an
            object array.
        targets: What the model should answer, of shape (rows, 1), float32.
    """

    inputs: Mapping[str, Array]
    targets: Array

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.targets)


@dataclass(frozen=True)
class Dataset:
    """What a recipe loads: where it came from, and its two splits."""

    source: str
    train: Split
    test: Split


@dataclass(frozen=True, kw_only=True)
class Recipe(Generic[P]):
    """All that is particular to one model.

    Attributes:
        name: The model's name: in the store, on the server, in the gateway's answers.
        description: One sentence on what the model predicts.
        features: The inputs, named as the Keras model's inputs are.
        output: The prediction.
        params: The type that the recipe's section of `params.yaml` must fit.
        load: Gives the data for these parameters.
        build_model: Gives the compiled Keras model for these parameters.
        example: One row to try the model with, one value or list a feature.
        min_r2: The gate's threshold: the least coefficient of determination on the held-out rows. The default asks no
            more than to be no worse than their own mean.
    """

    name: str
    description: str
    features: tuple[Feature, ...]
    output: Output
    params: type[P]
    load: Callable[[P], Dataset]
    build_model: Callable[[P], Any]
    example: Mapping[str, Any]
    min_r2: float = 0.0


def keras_inputs(inputs: Mapping[str, Any]) -> Any:
    """Give named inputs the form Keras takes: the array itself when there is one, else the mapping."""
    return next(iter(inputs.values())) if len(inputs) == 1 else dict(inputs)


def example_row(recipe: Recipe[Any]) -> dict[str, Array]:
    """The recipe's example as a batch of one row.

    Returns:
        Arrays of shape (1, *feature.shape).

    Raises:
        RecipeError: A feature's value is missing, or of another dtype or shape.
    """
    try:
        return {f.name: to_array(recipe.example[f.name], f.dtype).reshape(1, *f.shape) for f in recipe.features}
    except KeyError as error:
        raise RecipeError(f"recipe {recipe.name}: the example has no value for feature {error}") from error
    except (ValueError, ArithmeticError) as error:
        raise RecipeError(f"recipe {recipe.name}: the example does not fit the features: {error}") from error
