"""Import TensorFlow without its start-up chatter."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what C++ code writes to standard error; replay it if the block fails.

    An interruption is no failure: what was held back then explains nothing and is dropped.

    TensorFlow reports oneDNN and CUDA through absl before absl reads any log level, so no environment variable
    silences it: only the file descriptor does.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held_back:
        original = os.dup(2)
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except Exception:
            held_back.seek(0)
            os.write(original, held_back.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)


def import_tensorflow() -> None:
    """Import TensorFlow and Keras so that later imports are silent and quick.

    Respects TF_CPP_MIN_LOG_LEVEL when it is set already: with 0, TensorFlow's own log is all there.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "3":
        with quiet_stderr():
            import keras  # noqa: F401
            import tensorflow  # noqa: F401, ICN001
