"""What is known of one training run: what its report shows."""

from dataclasses import dataclass, field
from typing import Any

from src.answers import Answers
from src.card import Origin
from src.fitting import History
from src.gate import Verdict
from src.metrics import Evaluation
from src.profiles import Profile
from src.recipe import Recipe


@dataclass
class Run:
    """One training run, as far as it came.

    Attributes:
        recipe: What was trained.
        origin: Where the model comes from.
        train: The rows it was trained on.
        test: The rows held out.
        history: The learning curves.
        seconds: How long the steps took.
        evaluation: The metrics; None where the run broke off before.
        thresholds: From which probability on each label is said; empty where the output is a number.
        answers: To the held-out rows: "model", "baseline" and, where it could be asked, "stable".
        verdict: The gate's.
        version: The version's number; None where none was published.
        is_promoted: Whether it is the stable one now.
    """

    recipe: Recipe[Any]
    origin: Origin
    train: Profile
    test: Profile
    history: History = field(default_factory=History)
    seconds: float = 0.0
    evaluation: Evaluation | None = None
    thresholds: tuple[float, ...] = ()
    answers: Answers | None = None
    verdict: Verdict | None = None
    version: int | None = None
    is_promoted: bool = False
