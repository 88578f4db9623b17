"""What can go wrong on the model side, in words for the person at the terminal.

    ModelSideError            exit code 1
    ├── RecipeError           no such recipe, or a recipe that breaks its own promises
    ├── ParamsError           a hyperparameter that is unknown, missing or of the wrong type
    ├── DataError             public data that cannot be had
    ├── TrackingError         MLflow is not there, or does not take or give what it should
    ├── StoreError            the model store cannot be read or written
    ├── ArtefactError         the exported SavedModel does not do what the Keras model does
    ├── InputError            values that the model cannot take
    ├── ReleaseError          a release that cannot be brought about
    │   └── UnreachableError  no model server answers
    ├── GateError             exit code 3: the candidate is not good enough to be promoted
    ├── ReproduceError        exit code 4: a version trained again does not come out the same
    └── DriftError            exit code 5: what is asked or answered has moved away from the training data

Every message is one line and names the place. Exit code 2 is argparse's (wrong usage), 130 and 143 are an
interrupted run's.
"""


class ModelSideError(Exception):
    """Base of all errors that end a command with one clear line instead of a traceback."""

    exit_code = 1


class RecipeError(ModelSideError):
    """No such recipe, or a recipe whose parts do not fit together."""


class ParamsError(ModelSideError):
    """A hyperparameter is unknown, missing or of the wrong type."""


class DataError(ModelSideError):
    """Public data that cannot be downloaded, or are not what was published."""


class TrackingError(ModelSideError):
    """MLflow is not installed, cannot be reached, or has not what is asked for."""


class StoreError(ModelSideError):
    """The model store cannot be read or written."""


class ArtefactError(ModelSideError):
    """The exported SavedModel does not reproduce the Keras model."""


class InputError(ModelSideError):
    """Values that the model cannot take."""


class ReleaseError(ModelSideError):
    """A release cannot be brought about."""


class UnreachableError(ReleaseError):
    """No model server answers."""


class GateError(ModelSideError):
    """The candidate is not good enough to be promoted."""

    exit_code = 3


class ReproduceError(ModelSideError):
    """A version that was trained again does not come out the same."""

    exit_code = 4


class DriftError(ModelSideError):
    """What a model is asked, or what it answers, has moved away from its training data."""

    exit_code = 5
