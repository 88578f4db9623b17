"""Who is compared, and how each is started."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.serving.environments import ROOT
from tests.servers import REAL_SERVER, embedded_command, real_command

WORKERS = 2
APPS = "benchmarks.serving.apps"
Words = list[str]


@dataclass(frozen=True)
class Site:
    """Where a contender is to serve.

    Attributes:
        store: The model store.
        model: The model to serve, of version 1.
        port: Where to listen.
        server_port: Where the model server listens, if there is one.
        python: The interpreter of the contender's environment.
        scratch: A folder of its own.
    """

    store: Path
    model: str
    port: int
    server_port: int
    python: Path
    scratch: Path

    def tool(self, name: str) -> str:
        """A program of the contender's environment."""
        return str(self.python.with_name(name))


def _data(rows: list[Any]) -> Any:
    return {"data": rows}


def _predictions(document: Any) -> list[float]:
    return list(document["prediction"])


@dataclass(frozen=True)
class Contender:
    """Someone who serves a model.

    Attributes:
        name: What it is called on the command line.
        title: What it is called in the report.
        command: How to start it.
        requirements: The name of its file of requirements; empty for this project's environment.
        server: How to start the model server behind it, if it has one.
        before: What to do before it is started.
        missing: Why it cannot be started here.
        path: Where to post.
        body: What to post for some rows.
        read: The predictions in an answer.
        models: What it can serve; None for everything.
        settings: Environment variables.
    """

    name: str
    title: str
    command: Callable[[Site], Words]
    requirements: str = ""
    server: Callable[[Path, int], Words] | None = None
    before: Callable[[Site], Words] | None = None
    missing: str = ""
    path: Callable[[str], str] = lambda _: "/predict"
    body: Callable[[list[Any]], Any] = _data
    read: Callable[[Any], list[float]] = _predictions
    models: frozenset[str] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


def _gunicorn(*words: str) -> Callable[[Site], Words]:
    return lambda site: [str(site.python), "-m", "gunicorn", *words]


def _real_server(store: Path, port: int) -> Words:
    return real_command(REAL_SERVER or "", store, port)


def _uvicorn(module: str) -> Callable[[Site], Words]:
    words = [f"{APPS}.{module}:app", "--workers", str(WORKERS), "--no-access-log", "--log-level", "warning"]
    return lambda site: [str(site.python), "-m", "uvicorn", *words, "--port", str(site.port)]


def _script(module: str) -> Callable[[Site], Words]:
    return lambda site: [str(site.python), "-m", f"{APPS}.{module}"]


NO_REAL_SERVER = "" if REAL_SERVER else "tensorflow_model_server is not on PATH, nor named by TENSORFLOW_MODEL_SERVER"
GATEWAY = _gunicorn("-c", "gateway/gunicorn_config.py")
NOOP_WORDS = ("--worker-class", "gthread", "--threads", "8", "--workers", str(WORKERS), "--keep-alive", "75")

OURS = Contender("gateway", "this gateway, embedded server", GATEWAY, server=embedded_command)
NOOP = Contender(
    "noop",
    "Flask no-op on gunicorn",
    lambda site: _gunicorn(*NOOP_WORDS, "--reuse-port", "-b", f"127.0.0.1:{site.port}", f"{APPS}.noop:app")(site),
)
CONTENDERS = [
    OURS,
    Contender("gateway-real", "this gateway, TensorFlow Serving", GATEWAY, server=_real_server, missing=NO_REAL_SERVER),
    Contender(
        "tf-serving",
        "TensorFlow Serving's own REST",
        lambda site: [*_real_server(site.store, site.server_port), f"--rest_api_port={site.port}"],
        missing=NO_REAL_SERVER,
        path=lambda model: f"/v1/models/{model}:predict",
        body=lambda rows: {"instances": [row if isinstance(row, dict | list) else [row] for row in rows]},
        read=lambda document: [row[0] for row in document["predictions"]],
    ),
    NOOP,
    Contender(
        "fastapi-predict",
        "FastAPI, `model.predict`",
        _uvicorn("fastapi_predict"),
        requirements="fastapi",
        models=frozenset({"line"}),
    ),
    Contender("fastapi", "FastAPI, SavedModel in the process", _uvicorn("fastapi_saved_model"), requirements="fastapi"),
    Contender(
        "bentoml",
        "BentoML, adaptive batching",
        lambda site: [site.tool("bentoml"), "serve", f"{APPS}.bento:Service", "--port", str(site.port)],
        requirements="bentoml",
        read=list,
        settings={"BENTOML_DO_NOT_TRACK": "True"},
    ),
    Contender("litserve", "LitServe, batching", _script("lit"), requirements="litserve"),
    Contender(
        "mlflow",
        "MLflow `models serve`",
        lambda site: [
            *(site.tool("mlflow"), "models", "serve", "-m", str(site.scratch / "model")),
            *("--env-manager", "local", "--port", str(site.port), "--workers", str(WORKERS)),
        ],
        requirements="mlflow",
        before=lambda site: [str(site.python), "-m", f"{APPS}.mlflow_log", str(site.scratch / "model")],
        path=lambda _: "/invocations",
        body=lambda rows: {"inputs": rows},
        read=lambda document: list(document["predictions"]),
    ),
    Contender("ray", "Ray Serve, batching", _script("ray_serve"), requirements="ray"),
]


def settings(contender: Contender, site: Site) -> dict[str, str]:
    """The environment of a contender's process: what ours takes, and what the others' applications look for."""
    return {
        "PORT": str(site.port),
        "WORKERS": str(WORKERS),
        "MODEL_SERVER": f"127.0.0.1:{site.server_port}",
        "MODEL_NAME": site.model,
        "MAX_BODY_BYTES": str(64 * 1024 * 1024),
        "BENCH_SAVED_MODEL": str(site.store / site.model / "1"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": str(ROOT),
        "PATH": f"{site.python.parent}{os.pathsep}{os.environ['PATH']}",
        **contender.settings,
    }
