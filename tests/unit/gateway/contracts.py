"""Contracts of made-up signatures, and what they say to a request."""

from collections.abc import Mapping

import pytest

from gateway import tf_serving_pb2 as pb
from gateway.card import Card
from gateway.contract import Batch, Contract
from gateway.errors import InvalidInputError, Place
from gateway.signature import Signature
from tests.unit.gateway.fake_server import FLOAT_COLUMN, info

MAX_ROWS = 5
NO_CARD = Card()


def contract(
    inputs: Mapping[str, pb.TensorInfo], outputs: Mapping[str, pb.TensorInfo] | None = None, card: Card = NO_CARD
) -> Contract:
    """The contract of a model with these inputs; its output is a float32 an instance, unless outputs are given."""
    signature = Signature("serving_default", inputs, {"y": FLOAT_COLUMN} if outputs is None else outputs)
    return Contract("m", signature, card, max_rows=MAX_ROWS)


def of_shape(*shape: int, dtype: int = pb.DT_FLOAT) -> Contract:
    """The contract of a model whose only input, x, has this shape behind the batch dimension; -1 is a free one."""
    return contract({"x": info(dtype, -1, *shape)})


def parse(contract: Contract, text: str, form: str = "data") -> Batch:
    """What `{"<form>": <text>}` states."""
    return contract.parse(getattr(contract, form), text.encode(), f"/{form}")


def refusal(contract: Contract, text: str, form: str = "data") -> list[Place]:
    """The places that are wrong in `{"<form>": <text>}`."""
    with pytest.raises(InvalidInputError) as caught:
        parse(contract, text, form)
    return list(caught.value.errors)
