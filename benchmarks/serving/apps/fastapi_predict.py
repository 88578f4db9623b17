"""As tutorials have it: the Keras model in the process, `model.predict` in the route."""

import os

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras

app = FastAPI()
model = keras.Sequential([keras.Input(shape=(1,)), keras.layers.Dense(1)])
model.set_weights([np.array([[3.0]]), np.array([1.0])])


class Item(BaseModel):
    """The body."""

    data: list[float]


@app.post("/predict")
def predict(item: Item) -> dict[str, list[float]]:
    """One prediction a row."""
    return {"prediction": model.predict(np.array(item.data).reshape(-1, 1), verbose=0).ravel().tolist()}
