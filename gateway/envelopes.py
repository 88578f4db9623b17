"""What stands around a model's own values in a request: of `/predict`, and of TensorFlow Serving's REST API."""

from gateway.contract.given import TEXT, Undecoded
from gateway.contract.members import Members
from gateway.contract.nodes import Node

PREDICT = Members({"data": Undecoded()}, own_names=True)

# Either of the first two, by whichever signature; more is passed over.
_members: dict[str, Node] = {"instances": Undecoded(), "inputs": Undecoded(), "signature_name": TEXT}
V1 = Members(_members, optional=frozenset(_members), open=True, own_names=True)
