"""What has come since the last look, for a scheduler that looks again and again."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from src import models_config
from src.drift import exposition, sources
from src.drift.tally import Key, Tallies, total
from src.errors import InputError

Counted = dict[str, dict[str, int]]
"""What `Tally.numbers` gave, by feature or output."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where the last looks have judged.

    A feature that could not be judged yet keeps its place, so that its values add up until there are enough.

    Attributes:
        counted: Of a gateway's metrics: what was counted, by source.
        times: Of prediction logs: when the last value was logged, by feature or output.
    """

    counted: dict[str, Counted] = {}
    times: dict[str, datetime] = {}


@dataclass(frozen=True)
class Look:
    """What has come since the last look.

    Attributes:
        tallies: What was seen.
        notes: What was passed over, for people.
        then: Gives the state after this look, for the features and outputs that it has judged.
    """

    tallies: Tallies
    notes: Sequence[str]
    then: Callable[[Collection[Key]], State]


def read_state(file: Path | None) -> State:
    """The state after the last look; an empty one before the first.

    Raises:
        InputError: The file is none of ours, or cannot be read.
    """
    try:
        return State() if file is None else msgspec.json.decode(file.read_bytes(), type=State)
    except FileNotFoundError:
        return State()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {file}, which should tell of the last look: {reason}") from error


def write_state(file: Path, state: State) -> None:
    """Replace the file in one step.

    Raises:
        InputError: It cannot be written.
    """
    try:
        models_config.replace(file, msgspec.json.encode(state).decode() + "\n")
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror or error}") from error


def at_metrics(urls_and_files: Sequence[str], state: State) -> Look:
    """Look at the metrics of one gateway or several.

    A gateway's counters begin anew when it does. Where one of them has fallen, all of that gateway's are taken whole.

    Args:
        urls_and_files: Where they are.
        state: The state after the last look.

    Raises:
        InputError: They cannot be read.
    """
    now = {source: exposition.read(sources.metrics_text(source), source) for source in urls_and_files}
    earlier = {
        source: {} if _restarted(tallies, state.counted.get(source, {})) else state.counted.get(source, {})
        for source, tallies in now.items()
    }

    def then(judged: Collection[Key]) -> State:
        counted = {}
        for source, tallies in now.items():
            new = {str(key): tallies[key].numbers() for key in judged if key in tallies}
            counted[source] = earlier[source] | new
        return State(counted=counted, times=state.times)

    came = (
        {key: tally.without(earlier[source].get(str(key), {})) for key, tally in tallies.items()}
        for source, tallies in now.items()
    )
    return Look(total(came), [], then)


def _restarted(tallies: Tallies, earlier: Counted) -> bool:
    now = {str(key): tally.numbers() for key, tally in tallies.items()}
    return any(now.get(key, {}).get(name, 0) < count for key, c in earlier.items() for name, count in c.items())


def at_logs(files: Sequence[str], state: State, store: Path, wanted: Callable[[str, int], bool]) -> Look:
    """Look at one prediction log or several.

    Args:
        files: The logs.
        state: The state after the last look.
        store: The model store, which has the cards.
        wanted: Tells of a model and a version whether to read what they were asked.

    Raises:
        InputError: They cannot be read.
        StoreError: A card cannot be read.
    """
    from src.drift.predictions import Reader

    reader = Reader(store, wanted, state.times)
    for file in files:
        reader.read(file)
    tallies, newest = reader.seen()

    def then(judged: Collection[Key]) -> State:
        new: Mapping[str, datetime] = {str(key): newest[key] for key in judged if key in newest}
        return State(counted=state.counted, times={**state.times, **new})

    return Look(tallies, reader.notes, then)
