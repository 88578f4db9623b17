"""The web side: a thin gateway that validates, forwards and documents. No TensorFlow, no NumPy."""

from flask import Flask

from gateway import admission, auth
from gateway.catalog import Catalog
from gateway.config import Settings, load_settings
from gateway.direct import Direct
from gateway.joint import Joint
from gateway.logs import RequestLog
from gateway.model_server import ModelServer
from gateway.observation import Observer
from gateway.passage import Passage
from gateway.prediction_log import PredictionLog
from gateway.predictor import Predictor
from gateway.readiness import Readiness
from gateway.routes import docs, health, openapi, page, predict, prometheus, v1, v2
from gateway.routes.answering import Answerer
from gateway.routes.names import ModelConverter
from gateway.routing import Router
from gateway.shadow import Shadow
from gateway.traffic import Traffic


def create_app(settings: Settings | None = None) -> Flask:
    """Wire the application: the only place where its parts meet.

    Args:
        settings: The options; read from the environment if left out.

    Returns:
        The WSGI application. It connects to the model server at the first request, and starts without it.

    Raises:
        ConfigError: The environment holds an option that cannot be used.
    """
    settings = settings or load_settings()
    app = Flask(__name__)
    server = ModelServer(settings.model_server, timeout_seconds=settings.timeout_seconds)
    catalog = Catalog(server, max_rows=settings.max_rows)
    traffic = Traffic(settings.traffic_file)
    router = Router(
        Predictor(Joint(server, max_rows=settings.max_joint_rows), catalog),
        catalog,
        traffic,
        threads=settings.threads,
        timeout_seconds=settings.timeout_seconds,
    )
    shadow = Shadow(server, catalog, traffic)
    observer = Observer()
    prediction_log = PredictionLog(
        settings.prediction_log, share=settings.prediction_log_share, max_bytes=settings.prediction_log_bytes
    )
    answerer = Answerer(router, shadow, observer, prediction_log)
    readiness = Readiness(server, catalog, settings.models)
    # For whoever has to close them.
    app.extensions |= {"model_server": server, "router": router, "shadow": shadow}
    app.extensions |= {"observer": observer, "prediction_log": prediction_log}
    passage = Passage(
        [admission.check_room, auth.gate(settings.api_keys_file), admission.timer(settings.timeout_seconds)],
        RequestLog(lambda model: model in settings.models or catalog.knows(model)),
    )
    passage.register(app)
    app.url_map.merge_slashes = False  # else `//predict` is a redirect, in HTML, to whatever the Host header says
    app.url_map.converters["model"] = ModelConverter
    most = settings.max_body_bytes
    direct = Direct(
        app,
        {
            **predict.routes(answerer, settings.model_name, max_body_bytes=most),
            **v1.predictions(answerer, max_body_bytes=most),
            **v2.predictions(answerer, max_body_bytes=most),
        },
        passage,
    )
    if "wsgi_app" not in vars(app):  # else somebody, such as OpenTelemetry's agent, wants to see what Flask answers
        app.wsgi_app = direct  # type: ignore[method-assign]
    app.register_blueprint(v1.blueprint(server, catalog, settings.models))
    app.register_blueprint(v2.blueprint(catalog, readiness))
    app.register_blueprint(health.blueprint(readiness, catalog))
    app.register_blueprint(prometheus.blueprint())
    app.register_blueprint(
        openapi.blueprint(catalog, readiness, settings.model_name, keys=bool(settings.api_keys_file))
    )
    app.register_blueprint(docs.blueprint())
    app.register_blueprint(page.blueprint(settings.model_name))
    return app
