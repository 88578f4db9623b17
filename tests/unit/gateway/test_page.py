import re

import pytest
from flask.testing import FlaskClient

from gateway import create_app
from gateway.config import Settings


def test_page_names_the_model_and_loads_its_own_files_only(client: FlaskClient) -> None:
    """The page and all that it loads come from the gateway, and its policy forbids anything else."""
    answer = client.get("/")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "<h1>line</h1>" in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert {"static/page.js", "static/page.css"} <= set(loaded)
    for path in loaded:
        if path.startswith("static/"):
            with client.get(f"/{path}") as file:
                assert file.status_code == 200


def test_page_works_by_hand_without_a_document(client: FlaskClient) -> None:
    """Before anything is known of the model, a labelled input holds a value to begin with."""
    page = client.get("/").text
    assert '<label for="data">' in page
    assert re.search(r'<textarea id="data"[^>]*>10</textarea>', page)


@pytest.mark.parametrize("path", ["/static/", "/static/../config.py", "/static/nothing.js"])
def test_gives_out_no_other_files(client: FlaskClient, path: str) -> None:
    """Nothing but the page's files is given out."""
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_page_escapes_the_models_name() -> None:
    """A model's name is text on the page, whatever is in it."""
    answer = create_app(Settings(model_name="<b>")).test_client().get("/")
    assert "<h1>&lt;b&gt;</h1>" in answer.text
