"""FastAPI at its best: the SavedModel's signature, called in the process."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.serving.apps.model import Model

app = FastAPI()
model = Model()


class Item(BaseModel):
    """The body."""

    data: list[Any]


@app.post("/predict")
def predict(item: Item) -> dict[str, list[float]]:
    """One prediction a row."""
    return {"prediction": model.predict(item.data)}
