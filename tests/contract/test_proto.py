"""The gateway's subset of the protocol, held against the official descriptors."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import Default
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import (  # noqa: F401  # registers the official descriptors
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2,
    predict_pb2,
    prediction_service_pb2,
)

from gateway import model_server, tf_serving_pb2

PROTO = Path(tf_serving_pb2.__file__).with_name("tf_serving.proto")
# Each message in the .proto file is preceded by the full name of the official one.
OFFICIAL: dict[str, str] = {
    ours: official
    for official, ours in re.findall(r"^// (tensorflow\.\S+)\n(?:message|enum) (\w+)", PROTO.read_text(), re.MULTILINE)
}
# Declared with another type that has the same wire form: `int32 error_code` stands for an enumeration.
SAME_WIRE = {("tensorflow.serving.StatusProto", "error_code")}


def messages() -> Iterator[tuple[Descriptor, str]]:
    """Our messages with the full names of the official ones; nested ones too."""
    for name, descriptor in tf_serving_pb2.DESCRIPTOR.message_types_by_name.items():
        yield descriptor, OFFICIAL[name]
        for nested in descriptor.nested_types:
            yield nested, f"{OFFICIAL[name]}.{nested.name}"


def counterpart(field: FieldDescriptor) -> str | None:
    """The official full name of the message type that a field has, or None for a plain field."""
    if field.message_type is None:
        return None
    name = str(field.message_type.full_name)
    if not name.startswith("gateway.tf_serving."):
        return name
    top, _, nested = name.removeprefix("gateway.tf_serving.").partition(".")
    return OFFICIAL[top] + (f".{nested}" if nested else "")


@pytest.mark.parametrize(("ours", "official_name"), list(messages()), ids=lambda value: getattr(value, "name", None))
def test_messages_agree_field_by_field(ours: Descriptor, official_name: str) -> None:
    """Each field has the official one's name, number, type, repetition, packing and message type, and oneof."""
    official = Default().FindMessageTypeByName(official_name)
    for field in ours.fields:
        other = official.fields_by_name[field.name]
        assert (field.number, field.is_repeated, field.is_packed) == (other.number, other.is_repeated, other.is_packed)
        if (official_name, field.name) not in SAME_WIRE:
            assert field.type == other.type
            assert counterpart(field) == (other.message_type.full_name if other.message_type else None)
        assert (field.containing_oneof and field.containing_oneof.name) == (
            other.containing_oneof and other.containing_oneof.name
        )


def test_every_message_has_a_counterpart() -> None:
    """No message or enumeration of ours is left out of the comparison."""
    declared = {*tf_serving_pb2.DESCRIPTOR.message_types_by_name, *tf_serving_pb2.DESCRIPTOR.enum_types_by_name}
    assert declared == set(OFFICIAL)


def test_data_types_agree() -> None:
    """Each dtype has its official number."""
    ours = dict(tf_serving_pb2.DataType.items())
    assert ours == {name: types_pb2.DataType.Value(name) for name in ours}


def test_states_agree() -> None:
    """Each state of a version has its official number."""
    official = get_model_status_pb2.ModelVersionStatus.State.items()
    assert sorted(tf_serving_pb2.ModelVersionStatus.State.items()) == sorted(official)


@pytest.mark.parametrize(
    ("service", "methods"),
    [
        (model_server.PREDICTION_SERVICE, {"Predict": "PredictRe", "GetModelMetadata": "GetModelMetadataRe"}),
        (model_server.MODEL_SERVICE, {"GetModelStatus": "GetModelStatusRe"}),
    ],
)
def test_methods_are_the_official_ones(service: str, methods: dict[str, str]) -> None:
    """The methods that the gateway calls exist under these paths, and take and give these messages."""
    official = Default().FindServiceByName(service.removeprefix("/"))
    for name, messages in methods.items():
        method = official.methods_by_name[name]
        assert method.input_type.name == f"{messages}quest"
        assert method.output_type.name == f"{messages}sponse"
