"""Imports TensorFlow without its start-up noise.

TensorFlow's C++ side logs about oneDNN, CUDA and CPU features while it is imported, partly before its own log level
applies. Only the file descriptor is low enough to catch that.
"""

import logging
import os
import shutil
import sys
import tempfile

_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # failures reach us as exceptions; the C++ log would only repeat them
    "CUDA_VISIBLE_DEVICES": "-1",  # a stand-in must not take a GPU's memory away from a training run
    "GRPC_VERBOSITY": "NONE",  # a port in use is reported by us, in one line
}


def import_tensorflow() -> None:
    """Import TensorFlow, and show what it wrote to standard error only when the import fails.

    Variables that the environment already sets are left as they are.

    Raises:
        ImportError: if TensorFlow is not installed or does not load; its messages are replayed first.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as noise:
        os.dup2(noise.fileno(), 2)
        try:
            import tensorflow as tf  # noqa: F401  # the import is the point: later ones find it done
        except BaseException:
            noise.seek(0)
            with os.fdopen(os.dup(stderr), "wb") as out:
                shutil.copyfileobj(noise, out)
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
