"""What can go wrong, as exceptions.

::

    Exception
    ├── StartError          the server cannot start; one line for the user
    │   └── ConfigError     models.config cannot be read or applied
    └── RequestError        a request is refused; a gRPC status for the client
"""

import grpc


class StartError(Exception):
    """The server cannot start. Its text is one line that says why."""


class ConfigError(StartError):
    """models.config cannot be read or applied. At start this is fatal; later the old configuration stays."""


class RequestError(Exception):
    """A request is refused.

    Attributes:
        code: the gRPC status that the client gets.
        message: the status's text, in TensorFlow Serving's words where they are known.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid_argument(message: str) -> RequestError:
    """Make the refusal of a request that cannot be right.

    Args:
        message: the status's text.

    Returns:
        The exception to raise.
    """
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> RequestError:
    """Make the refusal of a request for a model or version that is not there.

    Args:
        message: the status's text.

    Returns:
        The exception to raise.
    """
    return RequestError(grpc.StatusCode.NOT_FOUND, message)
