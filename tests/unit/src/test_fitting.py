"""Training in blocks takes the same steps as `Model.fit`."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from src import fitting
from src.batches import batches
from src.errors import GateError
from src.fitting import BLOCK_STEPS, History, fit
from src.recipe import Split, Training
from tests.unit.src.conftest import Trained


def fresh_model(line: Trained, learning_rate: float = 0.01) -> Any:
    """The line's model before training, the same each time."""
    import keras

    keras.utils.set_random_seed(42)
    return line.recipe.build_model(
        msgspec.structs.replace(line.params, learning_rate=learning_rate), Training(line.train, steps=500)
    )


def weights(model: Any) -> list[bytes]:
    """All weights' bytes: equal where the weights are equal to the bit."""
    return [array.tobytes() for array in model.get_weights()]


def kept_fit(line: Trained, **changes: Any) -> tuple[list[bytes], list[float]]:
    """The weights and block losses after training a fresh model with the parameters changed as given."""
    model = fresh_model(line)
    history = History()
    fit(model, line.train, line.test, msgspec.structs.replace(line.params, **changes), history)
    return weights(model), [loss for _, loss in history.losses]


# One step; less than a block; a whole block; blocks with a shorter last one (the benchmark takes 500).
@pytest.mark.parametrize("epochs", [1, 20, BLOCK_STEPS, 2 * BLOCK_STEPS + 3])
def test_full_batch_training_equals_model_fit_to_the_bit(line: Trained, epochs: int) -> None:
    """Where all rows are one batch, the weights equal those of the notebook's own loop in every bit."""
    train = line.train
    theirs = fresh_model(line)
    theirs.fit(train.inputs["x"], train.targets, epochs=epochs, verbose=0)
    ours, losses = kept_fit(line, epochs=epochs)
    assert ours == weights(theirs)
    assert len(losses) == -(-epochs // BLOCK_STEPS)


def test_the_losses_fall_and_are_the_blocks_own(line: Trained) -> None:
    """Each reported loss is its block's mean, not the run's, so that it falls as the model learns."""
    _, losses = kept_fit(line, epochs=4 * BLOCK_STEPS)
    _, single = kept_fit(line, epochs=1)
    assert losses == sorted(losses, reverse=True)
    untrained = fresh_model(line)(line.train.inputs["x"]).numpy()
    assert single[0] == pytest.approx(float(np.mean((untrained - line.train.targets) ** 2)), rel=1e-5)
    assert losses[-1] < np.mean(losses) / 10


def test_mini_batches_are_the_seeds(line: Trained) -> None:
    """With several batches an epoch, the same seed gives the same weights to the bit, and another seed others."""
    runs = [kept_fit(line, epochs=30, batch_size=2, seed=seed)[0] for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_mini_batches_see_every_row_in_every_epoch(line: Trained) -> None:
    """An epoch is one pass over all rows, each once, in an order that changes; a last batch may be short."""
    params = msgspec.structs.replace(line.params, epochs=8, batch_size=4)
    found = [targets.numpy().ravel().tolist() for _, targets in batches(line.train, params, [])]
    assert [len(batch) for batch in found] == [4, 2] * 8
    epochs = [found[i] + found[i + 1] for i in range(0, 16, 2)]
    assert {tuple(sorted(epoch)) for epoch in epochs} == {(-2, 1, 4, 7, 10, 13)}
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_a_loss_that_is_no_number_ends_the_training(line: Trained) -> None:
    """Training stops at the first block whose loss is NaN or infinite, with advice."""
    model = fresh_model(line, learning_rate=1.0)
    with pytest.raises(GateError) as caught:
        fit(model, line.train, line.test, msgspec.structs.replace(line.params, epochs=1000), History())
    message = r"the loss became (nan|inf) within \d+ of 1000 steps; a lower learning rate may help"
    assert caught.match(f"^{message}$")


def test_targets_that_are_no_numbers_end_the_training_in_the_first_block(line: Trained) -> None:
    """A NaN among the targets shows in the first block."""
    train = line.train
    targets = np.where(train.targets == 1, np.float32("nan"), train.targets)
    with pytest.raises(GateError, match=r"^the loss became nan within 50 of 500 steps"):
        fit(fresh_model(line), Split(train.inputs, targets), line.test, line.params, History())


def test_several_features_of_different_dtypes_are_learnt(areas: Trained) -> None:
    """A model with named inputs of different dtypes and shapes learns from all of them."""
    assert areas.evaluation.model.test.mae < areas.evaluation.baseline.test.mae / 2


def test_there_is_no_bar_where_standard_error_is_no_terminal(line: Trained, capsys: pytest.CaptureFixture[str]) -> None:
    """A log file gets no progress bar, even when one is asked for."""
    fit(fresh_model(line), line.train, line.test, line.params, History(), progress=True)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_the_learning_curves_are_kept_of_a_run_that_breaks_off_too(line: Trained) -> None:
    """Each block's loss and some looks at the held-out rows, with the steps until then, and the last loss of all."""
    history = History()
    fit(fresh_model(line), line.train, line.test, line.params, history)
    assert [step for step, _ in history.losses] == list(range(50, 501, 50))
    steps, error = history.held_out[-1]
    assert steps == 500
    assert error == pytest.approx(line.evaluation.model.test.mae, rel=1e-3)
    broken = History()
    with pytest.raises(GateError):
        fit(fresh_model(line, learning_rate=1.0), line.train, line.test, line.params, broken)
    assert not math.isfinite(broken.losses[-1][1])


def test_the_held_out_rows_are_asked_some_forty_times_however_long_the_run(line: Trained) -> None:
    """A curve needs no more, and the time is the training's."""
    history = History()
    params = msgspec.structs.replace(line.params, epochs=5000)
    fit(fresh_model(line), line.train, line.test, params, history)
    assert len(history.losses) == 100
    assert 30 <= len(history.held_out) <= 41


def test_the_rows_asked_for_the_curve_are_from_all_over_the_split(
    line: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where held-out rows are sorted, the first ones would not stand for the others."""
    monkeypatch.setattr(fitting, "CHECK_ROWS", 3)
    xs = np.arange(100, dtype="float32").reshape(-1, 1)
    model, history = fresh_model(line), History()
    fit(model, line.train, Split({"x": xs}, 3 * xs + 1), line.params, history)
    wrong = np.abs(model(xs).numpy() - (3 * xs + 1))[[0, 49, 99]].mean()
    assert history.held_out[-1][1] == pytest.approx(float(wrong))
