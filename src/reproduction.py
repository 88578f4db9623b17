"""Retrain a published version from its card, and say what came out differently."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from src.card import Card, read_card
from src.errors import GateError, ReproduceError, StoreError
from src.lineage import PROJECT, git_state
from src.quiet import import_tensorflow

# A checkpoint's name of an archive's n-th variable: variables/<n>/.ATTRIBUTES/VARIABLE_VALUE. It holds them a second
# time, in no order.
PREFIX, SUFFIX = "variables/", "/.ATTRIBUTES/VARIABLE_VALUE"


@dataclass(frozen=True)
class Reproduction:
    """What came of training a version again.

    Attributes:
        circumstances: What was not as it was then, a line each.
        weights: Which arrays of weights differ, a line each.
        arrays: How many arrays were compared.
        count: How many numbers they hold.
    """

    circumstances: list[str]
    weights: list[str]
    arrays: int
    count: int


def reproduce(word: str, version: Path) -> Reproduction:
    """Train a version again, in a process of its own, with the code of its commit if that can be had.

    Args:
        word: The recipe, as the command line names it.
        version: The version's folder.

    Returns:
        What differs.

    Raises:
        StoreError: The version has no card, or its weights cannot be read.
        ReproduceError: The training fails now.
    """
    card = read_card(version)
    if card is None:
        raise StoreError(f"{version} has no model card to train it again from")
    with tempfile.TemporaryDirectory(prefix="reproduce-") as scratch, _code(card, Path(scratch)) as (code, notes):
        again = _train(word, card, code, Path(scratch))
        second = read_card(again) or card  # the training has just written it
        differing, arrays, count = compare_weights(version, again)
        return Reproduction([*notes, *circumstances(card, second)], differing, arrays, count)


@contextlib.contextmanager
def _code(card: Card, scratch: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folder with the code to train with, and what is to be known of it."""
    here = git_state()
    if card.git is None:
        yield PROJECT, ["the version was trained outside a repository; the code here may be another"]
    elif card.git.dirty:
        commit = card.git.commit[:12]
        yield (
            PROJECT,
            [f"the version was trained with files that differed from its commit {commit}; the code here is used"],
        )
    elif here == card.git:
        yield PROJECT, []
    elif not _git_worktree("add", "--detach", scratch / "code", card.git.commit):
        yield PROJECT, [f"the version's commit {card.git.commit[:12]} is not in this repository; the code here is used"]
    else:
        try:
            yield scratch / "code", []
        finally:
            _git_worktree("remove", "--force", scratch / "code")


def _git_worktree(*arguments: str | Path) -> bool:
    command = ["git", "-C", str(PROJECT), "worktree", *arguments]
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=120).returncode == 0
    except OSError:
        return False


def _train(word: str, card: Card, code: Path, scratch: Path) -> Path:
    """Run `src.train` with the card's parameters on an empty store; gives the version's folder.

    It runs where this command does, so that a recipe finds its data by the paths it has, with the code put before
    whatever is importable there.
    """
    params, store = scratch / "params.json", scratch / "store"
    params.write_bytes(msgspec.json.encode({card.name: card.params}))  # which is YAML too
    command = [sys.executable, "-P", "-m", "src.train", word, "--params", str(params), "--store", str(store)]
    path = os.pathsep.join([str(code), *filter(None, [os.environ.get("PYTHONPATH")]), str(Path.cwd())])
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            _, errors = process.communicate()
        except BaseException:  # such as SIGTERM: whoever stops this command need not wait for hours of training
            process.terminate()
            raise
    made = store / card.name / "1"
    # A version that the gate would not promote here is a version all the same.
    if process.returncode not in (0, GateError.exit_code) or not made.exists():
        raise ReproduceError(f"training again fails: {' '.join(errors.split())[-500:]}")
    return made


def circumstances(then: Card, now: Card) -> list[str]:
    """What is not as it was: data, parameters, recipe, libraries, machine, number of devices."""
    found = []
    if then.data.sha256 != now.data.sha256:
        found.append(
            f"the data: {_rows(then)}, sha256 {then.data.sha256[:12]}; now {_rows(now)}, {now.data.sha256[:12]}"
        )
    if then.recipe and now.recipe and then.recipe.sha256 != now.recipe.sha256:
        found.append(f"the recipe's file: sha256 {then.recipe.sha256[:12]}; now {now.recipe.sha256[:12]}")
    for what in ("params", "libraries", "machine"):
        before, after = getattr(then, what), getattr(now, what)
        found.extend(
            f"{what}, {name}: {before.get(name)!r}; now {after.get(name)!r}"
            for name in dict.fromkeys([*before, *after])
            if before.get(name) != after.get(name)
        )
    if then.replicas != now.replicas:
        found.append(f"the number of devices: {then.replicas}; now {now.replicas}")
    return found


def _rows(card: Card) -> str:
    return " and ".join(f"{count:,} {name}" for name, count in card.data.rows.items()) + " rows"


def compare_weights(first: Path, second: Path) -> tuple[list[str], int, int]:
    """Compare all variables of two versions, bit by bit.

    Args:
        first: A version's folder.
        second: Another's.

    Returns:
        Which arrays differ, and how; how many arrays there are; how many numbers.

    Raises:
        StoreError: Weights cannot be read, or there are none.
    """
    then, now = _weights(first), _weights(second)
    if not then:
        raise StoreError(f"{first} holds no weights to compare")
    differing = [f"{name} is in only one of both" for name in sorted(then.keys() ^ now.keys())]
    for name in sorted(then.keys() & now.keys()):
        differing.extend(_difference(name, then[name], now[name]))
    return differing, len(then), sum(array.size for array in then.values())


def _weights(version: Path) -> dict[str, Any]:
    import_tensorflow()
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
        names = [name for name in reader.get_variable_to_shape_map() if name.startswith(PREFIX)]
        return {name.removesuffix(SUFFIX): np.asarray(reader.get_tensor(name)) for name in names}
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise StoreError(f"cannot read the weights of {version}: {' '.join(str(error).split())[:300]}") from error


def _difference(name: str, then: Any, now: Any) -> list[str]:
    if then.shape != now.shape or then.dtype != now.dtype:
        return [f"{name} was {then.dtype} of shape {then.shape}, now {now.dtype} of shape {now.shape}"]
    if then.tobytes() == now.tobytes():
        return []
    if then.dtype.kind != "f":
        return [f"{name} differs"]
    apart = np.abs(then.astype("float64") - now.astype("float64"))
    return [f"{name} differs in {np.count_nonzero(apart)} of {then.size} numbers, by up to {apart.max():.3g}"]
