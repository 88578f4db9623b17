"""Put the document together, for the versions that are served now."""

import contextlib
from collections.abc import Iterator
from typing import Any

from gateway.catalog import Catalog
from gateway.contract import Contract
from gateway.errors import GatewayError
from gateway.openapi import examples, schemas
from gateway.openapi.operations import PREDICT, TAGS, V1, V2, post
from gateway.openapi.reading import paths
from gateway.openapi.schemas import Schema
from gateway.readiness import Readiness
from gateway.servable import Servable
from gateway.signature import Selector

BATCHES = (
    "`data` holds the product of `shape` many values, flat or nested; the first size, the number of instances, is the "
    "same for all inputs. JSON Schema cannot say so."
)
REGULAR = "Arrays that may have any length all have the same one, which JSON Schema cannot say."
COLUMNS = "Most models want the same number of instances in all `inputs`, which JSON Schema cannot say."


def build(catalog: Catalog, readiness: Readiness, default: str) -> dict[str, Any]:
    """Describe the gateway as it is now.

    Args:
        catalog: The models' versions.
        readiness: Who knows the configured models and their available versions.
        default: The model behind POST /predict.

    Returns:
        The document. Models that cannot answer now are left out, and the description says so.
    """
    components: dict[str, Schema] = {"Problem": schemas.PROBLEM, "Error": schemas.ERROR}
    found: dict[str, Schema] = {}
    texts: list[str] = []
    for model in readiness.models:
        try:
            served = list(_served(catalog, readiness, model))
        except GatewayError as error:
            texts.append(f"**{model}** is left out: {error.detail}")
            continue
        texts.append(f"**{model}** version {served[0][1].version}. {served[0][1].card.description}".strip())
        for path, servable, contract in served:
            _add_schemas(components, _name(path, servable), servable, contract)
            found |= _predictions(path, servable, contract, default=model == default and not path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Predictions of {', '.join(readiness.models)}",
            "version": "1.0",
            "description": "\n\n".join(texts),
        },
        "tags": TAGS,
        "paths": found | paths(readiness.models),
        "components": {"schemas": components},
    }


def _served(catalog: Catalog, readiness: Readiness, model: str) -> Iterator[tuple[str, Servable, Contract]]:
    """The version in force, and each available version under its own path."""
    servable = catalog.servable(model)
    yield "", servable, servable.contract()
    for version in readiness.versions(model):
        with contextlib.suppress(GatewayError):  # it has gone meanwhile, is refused, or has no contract
            servable = catalog.servable(model, Selector(version=version))
            yield f"/versions/{version}", servable, servable.contract()


def _name(path: str, servable: Servable) -> str:
    """The schemas' prefix; that of the version in force stays when another takes over, for generated clients."""
    return f"{servable.model}.{servable.version}" if path else servable.model


def _add_schemas(components: dict[str, Schema], name: str, servable: Servable, contract: Contract) -> None:
    components |= {
        f"{name}.PredictRequest": schemas.predict_request(contract),
        f"{name}.PredictAnswer": schemas.predict_answer(contract, servable.model),
        f"{name}.V1Request": schemas.v1_request(contract, servable.names_of(contract.signature)),
        f"{name}.V1Answer": schemas.v1_answer(contract),
        f"{name}.V2Request": schemas.v2_request(contract),
        f"{name}.V2Answer": schemas.v2_answer(contract),
    }


def _predictions(path: str, servable: Servable, contract: Contract, *, default: bool) -> dict[str, Schema]:
    model, name = servable.model, _name(path, servable)
    regular = REGULAR if any(None in feature.shape[1:] for feature in contract.features) else ""
    version = path.replace("/versions/", "_version_")
    v1 = post(
        f"v1_predict_{model}{version}",
        V1,
        f"Predictions of {model}",
        request=f"{name}.V1Request",
        example=examples.v1_request(contract),
        answer=f"{name}.V1Answer",
        beyond=f"{COLUMNS if len(contract.features) > 1 else ''} {regular}".strip(),
        canary=not path,
    )
    v2 = post(
        f"v2_infer_{model}{version}",
        V2,
        f"Predictions of {model}",
        request=f"{name}.V2Request",
        example=examples.v2_request(contract),
        answer=f"{name}.V2Answer",
        beyond=BATCHES,
        binary=True,
        canary=not path,
    )
    predict = post(
        "predict",
        PREDICT,
        f"Predictions of {model}",
        request=f"{name}.PredictRequest",
        example=examples.predict_request(contract),
        answer=f"{name}.PredictAnswer",
        answer_example=examples.predict_answer(contract, model, servable.version),
        description=contract.card.description,
        beyond=regular,
        canary=True,
    )
    return {
        **({"/predict": predict} if default else {}),
        f"/v1/models/{model}{path}:predict": v1,
        f"/v2/models/{model}{path}/infer": v2,
    }
