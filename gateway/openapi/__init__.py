"""The OpenAPI 3.1 document, made of the models' contracts: what is documented is what is checked."""

from gateway.openapi.document import build
from gateway.openapi.security import secured

__all__ = ["build", "secured"]
