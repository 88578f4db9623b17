"""The gateway's options: each declared once, with its default, its bounds and what it is for.

All come from environment variables of the same names in capitals: `MODEL_SERVER=tf-serving:8500`.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class ConfigError(Exception):
    """An environment variable has a value that cannot be used; the gateway does not start."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The options. `WORKERS` and `THREADS` and what stands above them are gunicorn's, the rest the application's."""

    host: Annotated[str, Meta(min_length=1, description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="Port to listen on.")] = 8080
    workers: Annotated[int, Meta(ge=1, description="Worker processes; about one a core.")] = 2
    threads: Annotated[int, Meta(ge=1, description="Requests that one worker answers at a time.")] = 8
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Least level logged.")] = "info"
    model_server: Annotated[str, Meta(min_length=1, description="gRPC target; dns:///name:port spreads the load.")] = (
        "127.0.0.1:8500"
    )
    model_name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]+$", description="The model behind POST /predict.")] = (
        "line"
    )
    model_names: Annotated[
        str,
        Meta(
            pattern=r"^([A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*)?$",
            description="Further models, by comma: listed, documented and waited for like MODEL_NAME.",
        ),
    ] = ""
    traffic_file: Annotated[
        str, Meta(description="JSON file that names the shares of traffic for canary and shadow; read when it changes.")
    ] = ""
    api_keys_file: Annotated[
        str, Meta(description="File with the hashes of the keys that let a client in; empty lets everybody in.")
    ] = ""
    max_in_flight: Annotated[
        int, Meta(ge=1, description="Requests that one worker has in hand at a time; more get 503 at once.")
    ] = 128
    timeout_seconds: Annotated[
        float, Meta(gt=0, le=600, description="How long a request may take, from its arrival on.")
    ] = 5.0
    drain_seconds: Annotated[
        float,
        Meta(ge=0, le=600, description="How long a stopping gateway goes on, not ready, before it ends."),
    ] = 0.0
    prediction_log: Annotated[
        str,
        Meta(description="Where predictions are written down: a file, or stdout; empty for nowhere."),
    ] = ""
    prediction_log_share: Annotated[float, Meta(ge=0, le=1, description="How many of the predictions to write.")] = 1.0
    prediction_log_bytes: Annotated[
        int, Meta(ge=1, description="Size from which a new file is begun; five old ones are kept.")
    ] = 100 * 1024 * 1024
    max_body_bytes: Annotated[int, Meta(ge=1, description="Largest request body.")] = 8 * 1024 * 1024
    max_rows: Annotated[int, Meta(ge=1, description="Most instances in one request.")] = 10_000
    max_joint_rows: Annotated[
        int, Meta(ge=0, description="Most instances of several requests in one call to the model server; 0 joins none.")
    ] = 128

    @property
    def models(self) -> tuple[str, ...]:
        """All models, MODEL_NAME first."""
        return tuple(dict.fromkeys([self.model_name, *filter(None, self.model_names.split(","))]))


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the options from the environment.

    Args:
        environ: The environment; names that are no option are passed over, an empty value counts as not set.

    Returns:
        The options.

    Raises:
        ConfigError: A value is of the wrong type or out of bounds; names the variable.
    """
    names = Settings.__struct_fields__
    given = {name: environ[name.upper()] for name in names if environ.get(name.upper())}
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`")
        message = message.removesuffix(", got `str`")  # as every variable is
        raise ConfigError(f"{name.upper()}={given.get(name)}: {message[0].lower()}{message[1:]}") from error
