"""Make a key that lets a client in: `python -m gateway.keys NAME`."""

import argparse
import secrets
import sys

from gateway.key_file import NAME, digest

KEY_BYTES = 32  # 256 bits


def main(arguments: list[str] | None = None) -> int:
    """Print a new key, and the line that makes it known.

    The line goes to standard output, so that it can be appended to the file; the key goes to standard error, once, and
    is kept nowhere.

    Args:
        arguments: The command's arguments; the program's own if left out.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m gateway.keys", description="Make a key that lets a client in.")
    parser.add_argument("name", metavar="NAME", type=_name, help="whose key it is, for the gateway's log")
    name = parser.parse_args(arguments).name
    key = secrets.token_urlsafe(KEY_BYTES)
    told = f"The key of {name}, shown this once:\n{key}\nFor API_KEYS_FILE, on standard output:"
    print(told, file=sys.stderr, flush=True)
    print(name, digest(key).hex())
    return 0


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name: letters, digits and ._@- , at most 63 characters")
    return text


if __name__ == "__main__":
    sys.exit(main())
