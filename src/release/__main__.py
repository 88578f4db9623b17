"""Look at the release of the models in a store, and change it: promote, canary, roll back, retire.

python -m src.release status | history | {promote | canary | retire} MODEL VERSION | rollback MODEL | pull MODEL@ALIAS
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from src import cli  # all else is imported by what needs it: so early, Ctrl-C would end in a traceback

if TYPE_CHECKING:
    from src.release.traffic import Traffic


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; argparse exits with code 2 where it is wrong."""
    parser = cli.Parser(prog="python -m src.release", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    status = _add(commands, "status", "tell how the versions stand")
    status.add_argument("model", nargs="?", help="only this model's")
    status.add_argument("--json", action="store_true", help="print JSON")
    promote = _add(commands, "promote", "make a version the stable one", changes=True, version=True)
    _add_force(promote)
    _add(commands, "rollback", "make the version stable again that was so before", changes=True)
    canary = _add(commands, "canary", "give a version a share of the requests", changes=True, version=True)
    _add_force(canary)
    what = "of the requests without version or label (default: 0.1, or as it is)"
    canary.add_argument("--share", type=cli.share, help=what)
    canary.add_argument(
        "--shadow-share", type=cli.share, help="of those it gets a copy, to compare (default: 0, or as it is)"
    )
    _add(commands, "retire", "take a version out of service; it stays in the store", changes=True, version=True)
    pull = _add(commands, "pull", "take a version in from a registry or a folder, and promote it", changes=True)
    pull.add_argument(
        "--from", dest="folder", type=Path, metavar="FOLDER", help="the SavedModel, in place of @ALIAS in MLflow"
    )
    pull.add_argument("--no-promote", action="store_true", help="take it in only")
    _add_force(pull)
    told = _add(commands, "history", "tell who changed what, when and why")
    told.add_argument("model", nargs="?", help="only this model's")
    told.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    if options.command == "pull":
        options.model, at, options.alias = options.model.partition("@")
        if bool(at) == bool(options.folder) or (at and not options.alias):
            pull.error("name what to pull: MODEL@ALIAS of MLflow's registry, or MODEL --from FOLDER")
    return options


def _add(commands: object, name: str, does: str, *, changes: bool = False, version: bool = False) -> cli.Parser:
    add: object = getattr(commands, "add_parser")  # noqa: B009  # argparse's own class for this is private
    assert callable(add)  # noqa: S101
    parser: cli.Parser = add(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    parser.add_store()
    if name != "history":
        parser.add_model_server()
    if changes:
        what = "the model's name" + (", and the alias: spam@stable" if name == "pull" else "")
        parser.add_argument("model", help=what)
        parser.add_argument("--reason", default="", help="why, for the history")
        parser.add_argument(
            "--timeout", type=cli.positive, default=60.0, help="seconds a step may take (default: %(default)g)"
        )
        parser.add_argument("--offline", action="store_true", help="do so though no server answers, for the next start")
        parser.add_served_from()
        parser.add_keep()
    if version:
        parser.add_argument("version", type=_version, help="the version's number")
    return parser


def _add_force(parser: argparse.ArgumentParser) -> None:
    what = "though the gate refused it, or it takes other inputs than the stable version"
    parser.add_argument("--force", action="store_true", help=what)


def main(arguments: Sequence[str]) -> None:
    """Run the command.

    Raises:
        ModelSideError: What the user can mend.
    """
    options = parse_arguments(arguments)
    if options.command == "status":
        _status(options)
    elif options.command == "history":
        _history(options)
    else:
        _change(options)


def _status(options: argparse.Namespace) -> None:
    from contextlib import ExitStack

    import msgspec

    from src.errors import UnreachableError
    from src.release import servers, state, status

    state.check_model(options.store, options.model)
    with ExitStack() as exits:
        try:
            found, away = exits.enter_context(servers.connected(options.model_server or cli.DEFAULT_MODEL_SERVER))
            for address in away:
                print(f"release: the model server {address} does not answer", file=sys.stderr)
        except UnreachableError as error:
            print(f"release: {error}; the states are not known", file=sys.stderr)
            found = []
        lines = status.survey(options.store, found, options.model)
    print(
        msgspec.json.format(msgspec.json.encode(lines), indent=2).decode() if options.json else status.as_table(lines)
    )


def _history(options: argparse.Namespace) -> None:
    import msgspec

    from src.release import history, state, status

    state.check_model(options.store, options.model)
    operations = history.read(options.store, options.model)
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(operations), indent=2).decode())
        return
    rows = [["TIME", "MODEL", "DONE", "BY", "OUTCOME", "WHY"]]
    for told in operations:
        outcome = "cut off" if told.outcome == "begun" else told.outcome
        why = "".join(c if c.isprintable() else " " for c in " | ".join(filter(None, (told.reason, told.detail))))
        who, what = f"{told.user}@{told.host}", f"{told.action} {told.version}"
        rows.append([f"{told.time:%Y-%m-%d %H:%M:%S} UTC", told.model, what, who, outcome, why])
    print("\n".join(status.align(rows)))


def _change(options: argparse.Namespace) -> None:
    from src.release.operations import Operator

    pulled = f"pulled from {options.folder or '@' + options.alias}" if options.command == "pull" else ""
    operator = Operator(
        store=options.store,
        target=options.model_server or cli.DEFAULT_MODEL_SERVER,
        offline=options.offline,
        timeout_seconds=options.timeout,
        served_from=options.served_from,
        reason=options.reason or pulled,
        keep=options.keep,
        say=partial(print, flush=True),
    )
    if options.command == "promote":
        operator.promote(options.model, options.version, force=options.force)
    elif options.command == "rollback":
        operator.rollback(options.model)
    elif options.command == "canary":
        operator.canary(options.model, options.version, _shares(options), force=options.force)
    elif options.command == "pull":
        from src.release import pulling

        source = options.folder or options.alias
        pulling.pull(operator, options.model, source, promote=not options.no_promote, force=options.force)
    else:
        operator.retire(options.model, options.version)


def _shares(options: argparse.Namespace) -> "Traffic":
    """The shares that are given; what is left out stays as it is for a canary that is one already."""
    import msgspec

    from src.release import state, traffic

    is_canary = state.labelled(options.store, options.model, state.CANARY) == options.version
    now = traffic.read(options.store).get(options.model) if is_canary else None
    shares = now or traffic.Traffic(canary_share=0.1)
    given = {"canary_share": options.share, "shadow_share": options.shadow_share}
    return msgspec.structs.replace(shares, **{name: share for name, share in given.items() if share is not None})


def _version(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 0 < int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is no version's number")
    return int(text)


if __name__ == "__main__":
    sys.exit(cli.run(partial(main, sys.argv[1:]), "release"))
