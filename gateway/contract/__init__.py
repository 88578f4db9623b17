"""The contract: what a served signature takes and answers, learnt from the signature and the model card.

Every form that a request can have is a tree of nodes (`nodes`, `leaves`); each node gives the msgspec type that
decodes and checks a value in one pass, the JSON Schema that documents it, and the places of a value that are wrong.
"""

from gateway.contract.batch import Batch
from gateway.contract.contract import Contract

__all__ = ["Batch", "Contract"]
