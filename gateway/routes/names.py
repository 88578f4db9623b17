"""Names of models and labels in paths."""

from werkzeug.routing import BaseConverter


class ModelConverter(BaseConverter):
    """Anything but a slash, and a colon, which begins what is done with it: `/v1/models/line:predict`."""

    part_isolating = True  # the slash in the pattern is one that is not matched

    regex = "[^/:]+"
