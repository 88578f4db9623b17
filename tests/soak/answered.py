"""Questions that are answered: predictions in all three forms, and what is told of models and of the gateway."""

from typing import Any

from msgspec.json import encode

from tests.soak.asked import Asked, Draw, equal
from tests.soak.models import CUTS, line, price


def one(draw: Draw) -> Asked:
    """One number."""
    x = draw.number()
    body = encode({"data": x})
    return Asked("one", "/predict", body, check=lambda answer: equal([answer["prediction"]], [line(x)]))


def rows(draw: Draw) -> Asked:
    """Some dozen numbers at a time."""
    return _rows("rows", draw.numbers(2, 64))


def thousand_rows(draw: Draw) -> Asked:
    """A thousand numbers."""
    return _rows("a thousand rows", draw.numbers(1000, 1000))


def _rows(kind: str, xs: list[float]) -> Asked:
    expected = [line(x) for x in xs]
    return Asked(kind, "/predict", encode({"data": xs}), check=lambda answer: equal(answer["prediction"], expected))


def v1(draw: Draw) -> Asked:
    """A few rows as TensorFlow Serving's clients send them, by label or without."""
    xs = draw.numbers(1, 4)
    path = draw.random.choice(["/v1/models/line:predict", "/v1/models/line/labels/stable:predict"])

    def is_right(answer: Any) -> bool:
        return equal([y for (y,) in answer["predictions"]], [line(x) for x in xs])

    return Asked("/v1", path, encode({"instances": [[x] for x in xs]}), check=is_right)


def v2(draw: Draw) -> Asked:
    """A few rows as KServe's and Triton's clients send them."""
    xs = draw.numbers(1, 4)
    body = encode({"inputs": [{"name": "x", "shape": [len(xs), 1], "datatype": "FP32", "data": xs}]})

    def is_right(answer: Any) -> bool:
        return equal(answer["outputs"][0]["data"], [line(x) for x in xs])

    return Asked("/v2", "/v2/models/line/infer", body, check=is_right)


def v1_offers(draw: Draw) -> Asked:
    """The second model, a number and a word in each row, by its version."""
    offers = [(x, draw.random.choice(CUTS)) for x in draw.numbers(1, 8)]
    body = encode({"instances": [{"carat": carat, "cut": cut} for carat, cut in offers]})

    def is_right(answer: Any) -> bool:
        return equal(answer["predictions"], [price(*offer) for offer in offers])

    return Asked("/v1, the second model", "/v1/models/offers/versions/1:predict", body, check=is_right)


def v2_offers(draw: Draw) -> Asked:
    """The second model, by tensor."""
    carat, cut = draw.number(), draw.random.choice(CUTS)
    numbers = {"name": "carat", "shape": [1], "datatype": "FP32", "data": [carat]}
    words = {"name": "cut", "shape": [1], "datatype": "BYTES", "data": [cut]}

    def is_right(answer: Any) -> bool:
        return equal(answer["outputs"][0]["data"], [price(carat, cut)])

    body = encode({"inputs": [numbers, words]})
    return Asked("/v2, the second model", "/v2/models/offers/infer", body, check=is_right)


def ready(_: Draw) -> Asked:
    """A probe."""
    return Asked("/readyz", "/readyz", check=lambda answer: bool(answer["status"] == "ready"), method="GET")


def metrics(_: Draw) -> Asked:
    """A scrape."""
    return Asked("/metrics", "/metrics", method="GET")


def about(draw: Draw) -> Asked:
    """The state and the signature of a model, and the other probes."""
    paths = ["/livez", "/v1/models/line", "/v1/models/line/metadata", "/v2/models/line", "/v2/health/ready"]
    path = draw.random.choice(paths)
    return Asked("state and metadata", path, check=lambda answer: isinstance(answer, dict), method="GET")


def openapi(_: Draw) -> Asked:
    """The document that is made of all models' signatures."""
    return Asked("/openapi.json", "/openapi.json", check=lambda answer: "/predict" in answer["paths"], method="GET")


def page(draw: Draw) -> Asked:
    """A page that shows it."""
    return Asked("/docs, /redoc", draw.random.choice(["/docs", "/redoc"]), method="GET")
