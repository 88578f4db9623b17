"""A text model in one call, for recipes: which n-grams to look at, and how to learn what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from src.recipe import Params, Training


class TextParams(Params, frozen=True, kw_only=True):
    """The hyperparameters of a text model beside those that every recipe has.

    Attributes:
        learning_rate: Adam's at first; it falls along a cosine to nothing.
        l2: How much the weights are held small.
        smoothing: Added to each count of an n-gram, so that rare ones are not trusted too much.
    """

    learning_rate: Annotated[float, msgspec.Meta(gt=0)]
    l2: Annotated[float, msgspec.Meta(ge=0)]
    smoothing: Annotated[float, msgspec.Meta(gt=0)]


@dataclass(frozen=True)
class View:
    """Which n-grams are looked at.

    Attributes:
        of: What they are made of: words, or the letters of a word and the spaces around it.
        longest: The longest n-gram; the shortest is one word or two letters.
        buckets: How many hash values there are; 0 stands for none.
    """

    of: Literal["words", "letters"]
    longest: int
    buckets: int


def build_model(params: TextParams, training: Training, views: Sequence[View]) -> Any:
    """Build the model; `src.featurising` has its layers, and tells where it comes from.

    Args:
        params: The hyperparameters.
        training: The rows to count n-grams in, of one feature `text` of shape (1,), and how many steps there will be.
        views: Which n-grams to look at.

    Returns:
        A compiled `keras.Model` from `text` (None, 1) to a probability of each label, (None, labels).
    """
    import keras  # here, so that naming a recipe does not cost TensorFlow's import

    from src.featurising import Bias, NGrams, Weighed, log_count_ratios

    texts, targets = training.sample.inputs["text"], training.sample.targets
    text = keras.Input((1,), name="text", dtype="string")
    logits = []
    for view in views:
        ngrams = NGrams(view)
        ratios = log_count_ratios(ngrams, texts, targets, params.smoothing)
        logits.append(Weighed(ratios, params.l2)(ngrams(text)))
    shares = np.clip(targets.mean(axis=0), 1e-4, 1 - 1e-4)
    # From the labels' log odds on, so that training need not find out first how rare they are.
    biased = Bias(np.log(shares / (1 - shares)).astype("float32"))(keras.layers.Add()(logits))
    model = keras.Model(text, keras.layers.Activation("sigmoid")(biased))
    schedule = keras.optimizers.schedules.CosineDecay(params.learning_rate, training.steps)
    model.compile(keras.optimizers.Adam(schedule), loss="binary_crossentropy")
    return model
