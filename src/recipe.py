"""The recipe: all that is particular to one model, in one object; everything else is shared machinery."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import numpy as np

from src.dataset import Dataset as Dataset  # recipes take these from here, as all they need
from src.dataset import Split as Split
from src.dataset import Stream as Stream
from src.dtypes import Array as Array
from src.dtypes import to_array
from src.errors import RecipeError
from src.scoring import NUMBER, LabelScoring, Scoring


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The hyperparameters that every recipe has; a recipe adds its own in a subclass.

    A value stands in `params.yaml`, in the recipe's section, or as a default in the recipe's subclass.
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
    """A named output of the model: one number a row."""

    name: str
    description: str
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Label(Output):
    """A label that a row has or has not: an output of its name, which is the probability that the row has it.

    Attributes:
        otherwise: What a row without it is called, such as `ham` of what is not `spam`; None for `not <name>`.
        threshold: From which probability on it is said, where the data have no rows to find that on.
    """

    otherwise: str | None = None
    threshold: float = 0.5


@dataclass(frozen=True)
class Training:
    """What a recipe knows of the run when it builds its model.

    Attributes:
        sample: Training rows for layers to adapt to: all of them or, of very many, a random 200,000.
        steps: How many steps the run will take, which learning rate schedules ask for.
    """

    sample: Split
    steps: int


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A simple model to be better than.

    Attributes:
        name: What it is, in a few words.
        fit: Learns from training rows (of very many, a random 200,000), and gives what answers inputs, as a split has
            them, with predictions of shape (rows, outputs).
    """

    name: str
    fit: Callable[[Split], Callable[[Mapping[str, Array]], Array]]


def _fit_mean(train: Split) -> Callable[[Mapping[str, Array]], Array]:
    mean = np.mean(train.targets, axis=0, dtype="float64").astype("float32")
    return lambda inputs: np.tile(mean, (len(next(iter(inputs.values()))), 1))


MEAN = Baseline(name="mean of the training targets", fit=_fit_mean)


@dataclass(frozen=True, kw_only=True)
class Recipe(Generic[P]):
    """All that is particular to one model.

    Attributes:
        name: The model's name: in the store, on the server, in the gateway's answers.
        description: One sentence on what the model predicts.
        features: The inputs, named as the Keras model's inputs are.
        output: The prediction: a number; or labels, of which each has a probability.
        params: The type that the recipe's section of `params.yaml` must fit.
        load: Gives the data for these parameters.
        build_model: Gives the compiled Keras model for these parameters and the run at hand.
        example: One row to try the model with, one value or list a feature.
        baseline: What the model must be better than, by its loss on the held-out rows: of a number the mean absolute
            error, of labels the logarithmic loss.
        min_r2: The gate's threshold: the least coefficient of determination on the held-out rows. The default asks no
            more than to be no worse than their own mean.
        min_f1: The gate's threshold for labels: the least mean of their F1 scores on the held-out rows.
        max_regression: By which share the loss on the held-out rows may be above the stable version's: 0.01 is one per
            cent.
    """

    name: str
    description: str
    features: tuple[Feature, ...]
    output: Output | tuple[Label, ...]
    params: type[P]
    load: Callable[[P], Dataset]
    build_model: Callable[[P, Training], Any]
    example: Mapping[str, Any]
    baseline: Baseline = MEAN
    min_r2: float = 0.0
    min_f1: float = 0.0
    max_regression: float = 0.01

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All outputs, in the order of the model's columns."""
        return self.output if isinstance(self.output, tuple) else (self.output,)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels; none where the output is a number."""
        return self.output if isinstance(self.output, tuple) else ()

    @property
    def scoring(self) -> Scoring:
        """By what answers are judged."""
        return LabelScoring([label.name for label in self.labels]) if self.labels else NUMBER


def keras_inputs(inputs: Mapping[str, Any]) -> Any:
    """Give named inputs the form Keras takes: the array itself when there is one, else the mapping."""
    return next(iter(inputs.values())) if len(inputs) == 1 else dict(inputs)


def columns(recipe: Recipe[Any], answers: Any) -> dict[str, Any]:
    """The model's answer, output by output.

    Args:
        recipe: Names the outputs.
        answers: What the Keras model gives, an array or a tensor of shape (rows, outputs).

    Returns:
        By name: of a number the answer as it is; of labels the probabilities of each, of shape (rows,).
    """
    if not recipe.labels:
        return {recipe.outputs[0].name: answers}
    return {label.name: answers[:, place] for place, label in enumerate(recipe.labels)}


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
