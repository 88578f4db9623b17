"""Questions that are refused, many with names that no question before has had."""

from typing import Any

from msgspec.json import encode

from tests.soak.asked import Asked, Draw


def no_json(draw: Draw) -> Asked:
    """A body that is no JSON."""
    body = draw.random.choice([b"", b"{", b'{"data": NaN}', b'{"data": [1, 2', b"\xff", b"data=1"])
    return Asked("no JSON", "/predict", body, 400, _is_problem)


def another_media_type(_: Draw) -> Asked:
    """A body that does not even claim to be JSON."""
    return Asked("another media type", "/predict", b"1,2", 415, _is_problem, media_type="text/csv")


def unfit(draw: Draw) -> Asked:
    """A row that the model does not take, behind others that it does."""
    fault: Any = draw.random.choice(["ten", None, True, {"y": 1}, {}, [1, 2, 3], 1e39, []])
    body = encode({"data": [*draw.numbers(3, 3), fault]})

    def names_the_row(answer: Any) -> bool:
        return bool(answer["errors"][0]["pointer"].startswith("/data/3"))

    return Asked("a row that does not fit", "/predict", body, 422, names_the_row)


def unknown_category(draw: Draw) -> Asked:
    """A word that is not in the vocabulary."""
    body = encode({"instances": [{"carat": 1.0, "cut": draw.name()}]})
    return Asked("an unknown category", "/v1/models/offers:predict", body, 400, _is_error)


def unknown_model(draw: Draw) -> Asked:
    """A model that does not exist."""
    name = draw.name()
    tensor = {"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}
    forms = [
        (f"/v1/models/{name}:predict", encode({"instances": [1]})),
        (f"/v2/models/{name}/infer", encode({"inputs": [tensor]})),
    ]
    return Asked("an unknown model", *draw.random.choice(forms), 404, _is_error)


def unknown_version(draw: Draw) -> Asked:
    """A label or a version that the model does not have."""
    which = draw.random.choice([f"labels/{draw.name()}", f"versions/{draw.random.randint(10**6, 10**12)}"])
    body = encode({"instances": [1]})
    return Asked("an unknown version or label", f"/v1/models/line/{which}:predict", body, 404, _is_error)


def unknown_path(draw: Draw) -> Asked:
    """A path where there is nothing."""
    return Asked("an unknown path", f"/{draw.name()}", status=404, check=_is_problem, method="GET")


def another_method(_: Draw) -> Asked:
    """A method that the path does not take."""
    return Asked("another method", "/predict", status=405, check=_is_problem, method="DELETE")


def _is_problem(answer: Any) -> bool:
    return bool(answer["title"] and answer["request_id"])


def _is_error(answer: Any) -> bool:
    return bool(answer["error"])
