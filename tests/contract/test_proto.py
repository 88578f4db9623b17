"""The rooms' subsets of the protocol, held against the official descriptors."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import Default
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2  # noqa: F401  # registers the official descriptors
from tensorflow_serving.apis import (  # noqa: F401  # registers the official descriptors
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2,
    predict_pb2,
    prediction_service_pb2,
)

import gateway.model_server
import src.release.servers
from gateway import tf_serving_pb2 as gateways
from src import tf_serving_pb2 as releases

ROOMS = [pytest.param(gateways, id="gateway"), pytest.param(releases, id="src")]
# Declared with another type that has the same wire form: `int32 error_code` stands for an enumeration.
SAME_WIRE = {("tensorflow.serving.StatusProto", "error_code")}


def official_names(room: ModuleType) -> dict[str, str]:
    """The full name of the official message or enumeration for each of ours, as the .proto file has it above each."""
    text = Path(room.__file__ or "").with_name("tf_serving.proto").read_text(encoding="utf-8")
    found = re.findall(r"^// (tensorflow\.\S+)\n(?:message|enum) (\w+)", text, re.MULTILINE)
    return {ours: official for official, ours in found}


def messages() -> Iterator[tuple[Descriptor, str, ModuleType]]:
    """Our messages with the full names of the official ones; nested ones too."""
    for room in (gateways, releases):
        names = official_names(room)
        for name, descriptor in room.DESCRIPTOR.message_types_by_name.items():
            yield descriptor, names[name], room
            for nested in descriptor.nested_types:
                yield nested, f"{names[name]}.{nested.name}", room


def counterpart(field: FieldDescriptor, room: ModuleType) -> str | None:
    """The official full name of the message type that a field has, or None for a plain field."""
    if field.message_type is None:
        return None
    name, package = str(field.message_type.full_name), f"{room.DESCRIPTOR.package}."
    if not name.startswith(package):
        return name
    top, _, nested = name.removeprefix(package).partition(".")
    return official_names(room)[top] + (f".{nested}" if nested else "")


@pytest.mark.parametrize(
    ("ours", "official_name", "room"), list(messages()), ids=lambda value: getattr(value, "full_name", "")
)
def test_messages_agree_field_by_field(ours: Descriptor, official_name: str, room: ModuleType) -> None:
    """Each field has the official one's name, number, type, repetition, packing and message type, and oneof."""
    official = Default().FindMessageTypeByName(official_name)
    for field in ours.fields:
        other = official.fields_by_name[field.name]
        assert (field.number, field.is_repeated, field.is_packed) == (other.number, other.is_repeated, other.is_packed)
        if (official_name, field.name) not in SAME_WIRE:
            assert field.type == other.type
            assert counterpart(field, room) == (other.message_type.full_name if other.message_type else None)
        assert (field.containing_oneof and field.containing_oneof.name) == (
            other.containing_oneof and other.containing_oneof.name
        )


@pytest.mark.parametrize("room", ROOMS)
def test_every_message_has_a_counterpart(room: ModuleType) -> None:
    """No message or enumeration of ours is left out of the comparison."""
    declared = {*room.DESCRIPTOR.message_types_by_name, *room.DESCRIPTOR.enum_types_by_name}
    assert declared == set(official_names(room))


@pytest.mark.parametrize("room", ROOMS)
def test_data_types_agree(room: ModuleType) -> None:
    """Each dtype has its official number."""
    ours = dict(room.DataType.items())
    assert ours == {name: types_pb2.DataType.Value(name) for name in ours}


@pytest.mark.parametrize("room", ROOMS)
def test_states_agree(room: ModuleType) -> None:
    """Each state of a version has its official number."""
    official = get_model_status_pb2.ModelVersionStatus.State.items()
    assert sorted(room.ModelVersionStatus.State.items()) == sorted(official)


@pytest.mark.parametrize(
    ("service", "methods"),
    [
        (gateway.model_server.PREDICTION_SERVICE, {"Predict": "PredictRe", "GetModelMetadata": "GetModelMetadataRe"}),
        (gateway.model_server.MODEL_SERVICE, {"GetModelStatus": "GetModelStatusRe"}),
        (src.release.servers.PREDICTION_SERVICE, {"Predict": "PredictRe", "GetModelMetadata": "GetModelMetadataRe"}),
        (src.release.servers.MODEL_SERVICE, {"GetModelStatus": "GetModelStatusRe"}),
    ],
)
def test_methods_are_the_official_ones(service: str, methods: dict[str, str]) -> None:
    """The methods that the rooms call exist under these paths, and take and give these messages."""
    official = Default().FindServiceByName(service.removeprefix("/"))
    for name, messages in methods.items():
        method = official.methods_by_name[name]
        assert method.input_type.name == f"{messages}quest"
        assert method.output_type.name == f"{messages}sponse"
