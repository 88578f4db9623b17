"""Names of models and labels in paths, and numbers of versions."""

from werkzeug.routing import BaseConverter

VERSION = "/versions/<int(max=9223372036854775807):version>"  # an int64; what is larger is not found


class ModelConverter(BaseConverter):
    """Anything but a slash, and a colon, which begins what is done with it: `/v1/models/line:predict`."""

    part_isolating = True  # the slash in the pattern is one that is not matched

    regex = "[^/:]+"
