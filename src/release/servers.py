"""The model servers, asked over gRPC what they have made of `models.config`."""

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import grpc

from src import tf_serving_pb2 as pb
from src.errors import ReleaseError, UnreachableError

PREDICTION_SERVICE = "/tensorflow.serving.PredictionService"
MODEL_SERVICE = "/tensorflow.serving.ModelService"
CALL_SECONDS = 5.0
AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
# TensorFlow Serving fails calls beyond its threads: it is busy, and has a thread again in a moment.
BUSY = grpc.StatusCode.RESOURCE_EXHAUSTED
BUSY_PAUSE_SECONDS = 0.05
OPTIONS = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),  # one that is restarted is noticed at once
    ("grpc.min_reconnect_backoff_ms", 5000),  # how long an attempt may take; a busy server is not away
    ("grpc.max_reconnect_backoff_ms", 250),
    ("grpc.max_receive_message_length", -1),
]


@dataclass(frozen=True)
class Status:
    """What a server says of a version.

    Attributes:
        state: `LOADING`, `AVAILABLE`, `END` and so on.
        message: What went wrong, if anything did and the server says so.
    """

    state: str
    message: str = ""

    @property
    def is_available(self) -> bool:
        """Whether it can answer."""
        return self.state == "AVAILABLE"


class Server:
    """One model server.

    Attributes:
        address: Where it is, such as `10.0.0.7:8500`.
    """

    def __init__(self, address: str, channel: grpc.Channel) -> None:
        """Take a channel, which need not be connected."""
        self.address = address
        self._channel = channel

    def states(self, model: str) -> dict[int, Status]:
        """The states of a model's versions; none where the server does not know the model.

        Raises:
            UnreachableError: The server does not answer.
            ReleaseError: It answers with an error.
        """
        request = pb.GetModelStatusRequest(model_spec=pb.ModelSpec(name=model))
        try:
            answer = self._call(f"{MODEL_SERVICE}/GetModelStatus", request, pb.GetModelStatusResponse)
        except _CallError as error:
            if error.code is grpc.StatusCode.NOT_FOUND:
                return {}
            raise
        return {
            found.version: Status(pb.ModelVersionStatus.State.Name(found.state), found.status.error_message)
            for found in answer.model_version_status
        }

    def labelled(self, model: str, label: str) -> int | None:
        """Which version has a label; None where none has it that could answer.

        Raises:
            UnreachableError: The server does not answer.
            ReleaseError: It answers with an error.
        """
        spec = pb.ModelSpec(name=model, version_label=label)
        request = pb.GetModelMetadataRequest(model_spec=spec, metadata_field=["signature_def"])
        try:
            answer = self._call(f"{PREDICTION_SERVICE}/GetModelMetadata", request, pb.GetModelMetadataResponse)
        except _CallError as error:
            if error.code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND):
                return None
            raise
        return int(answer.model_spec.version.value)

    def predict(self, model: str, version: int, inputs: Mapping[str, pb.TensorProto]) -> Mapping[str, pb.TensorProto]:
        """Have a version answer.

        Args:
            model: The model's name.
            version: Its number.
            inputs: One tensor an input of `serving_default`.

        Returns:
            The outputs, by name.

        Raises:
            UnreachableError: The server does not answer.
            ReleaseError: It answers with an error.
        """
        spec = pb.ModelSpec(name=model, signature_name="serving_default")
        spec.version.value = version
        request = pb.PredictRequest(model_spec=spec, inputs=inputs)
        outputs: Mapping[str, pb.TensorProto] = self._call(
            f"{PREDICTION_SERVICE}/Predict", request, pb.PredictResponse
        ).outputs
        return outputs

    def _call(self, method: str, request: Any, answer: Any) -> Any:
        call = self._channel.unary_unary(method, type(request).SerializeToString, answer.FromString)
        deadline = time.monotonic() + CALL_SECONDS
        while True:
            try:
                return call(request, timeout=CALL_SECONDS)
            except grpc.RpcError as error:
                failed: Any = error  # every error of a blocking call knows its status; the stubs do not say so
                if failed.code() in AWAY or (failed.code() is BUSY and time.monotonic() > deadline):
                    raise UnreachableError(f"the model server {self.address} does not answer") from error
                if failed.code() is not BUSY:
                    raise _CallError(self.address, failed.code(), failed.details() or "no details") from error
            time.sleep(BUSY_PAUSE_SECONDS)


class _CallError(ReleaseError):
    """A server answers with an error."""

    def __init__(self, address: str, code: grpc.StatusCode, details: str) -> None:
        super().__init__(f"the model server {address} answers {code.name}: {' '.join(details.split())[:300]}")
        self.code = code


@contextlib.contextmanager
def connected(target: str) -> Iterator[tuple[list[Server], list[str]]]:
    """The servers that answer now, and those that do not: these read models.config when they start.

    Args:
        target: As the gateway's MODEL_SERVER: `host:port`, `dns:///host:port` for all addresses of a name,
            `ipv4:address:port,address:port` or `unix:path`.

    Yields:
        The servers that answer, at least one, and the addresses where none does.

    Raises:
        UnreachableError: None answers.
    """
    with contextlib.ExitStack() as exits:
        servers, away = [], []
        for address in addresses(target):
            server = Server(address, exits.enter_context(grpc.insecure_channel(address, options=OPTIONS)))
            try:
                server.states("line")  # of any model: that it answers is what counts
                servers.append(server)
            except UnreachableError:
                away.append(address)
        if not servers:
            raise UnreachableError(f"no model server answers at {target}")
        yield servers, away


def addresses(target: str) -> list[str]:
    """Each server behind a gRPC target, since each has to have followed before a release has.

    Raises:
        UnreachableError: The target's name is not known.
    """
    scheme, _, rest = target.partition(":")
    if scheme in ("ipv4", "ipv6"):
        return [f"{scheme}:{address}" for address in rest.split(",")]
    if scheme in ("unix", "unix-abstract", "vsock"):
        return [target]
    host, _, port = target.rpartition("/")[2].rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"no model server answers at {target}: {error}") from error
    hosts = dict.fromkeys(str(address[0]) for *_, address in found)
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in hosts]
