import re
import sys
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from tests.unit.gateway.answers import document

PAGES = ["/docs", "/redoc"]
TYPES = {"js": "text/javascript", "css": "text/css"}
ASSET = "/docs/assets/swagger_style.css"


def references(page: str, html: str) -> list[str]:
    """Everything that a page refers to, as the browser resolves it."""
    found = re.findall(r'(?:src|href|spec-url)="([^"]+)"', html)
    return [urljoin(page, reference) for reference in found if not reference.startswith("data:")]


@pytest.mark.usefixtures("client")
def test_the_package_of_the_files_is_not_imported() -> None:
    """Importing it would read all of its files into every worker's memory."""
    assert "offapi" not in sys.modules


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_loads_is_given_out_with_its_type(client: FlaskClient, page: str) -> None:
    """Scripts and styles come from the gateway itself, as what they are."""
    loaded = [path for path in references(page, client.get(page).text) if path.endswith(tuple(TYPES))]
    assert any(path.startswith("/docs/assets/") for path in loaded)
    for path in loaded:
        with client.get(path) as file:
            assert (file.status_code, file.mimetype) == (200, TYPES[path.rsplit(".")[-1]]), path


@pytest.mark.parametrize("page", PAGES)
def test_a_page_refers_to_no_other_host(client: FlaskClient, page: str) -> None:
    """A page works without the internet, and tells nobody that it was opened."""
    html = client.get(page).text
    assert "//" not in html
    assert all(reference.startswith("/") for reference in references(page, html))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_lets_in_nothing_from_elsewhere_and_no_script_of_its_own(client: FlaskClient, page: str) -> None:
    """Its policy allows scripts, styles and connections from the gateway alone, and the page has no inline script."""
    answer = client.get(page)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert not re.search(r"unsafe|https?:|blob:|\*", policy)
    assert "script-src" not in policy
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", answer.text)
    assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("text/html", "nosniff")


def test_redoc_reports_nothing_to_its_makers(client: FlaskClient) -> None:
    """Redoc's telemetry is switched off, beside the policy that would refuse it."""
    assert 'disable-telemetry="true"' in client.get("/redoc").text


def test_swagger_ui_asks_no_validator(client: FlaskClient) -> None:
    """Swagger UI does not send the document's address to its makers' validator."""
    with client.get("/static/docs.js") as script:
        assert b"validatorUrl: null" in script.data


@pytest.mark.parametrize("page", ["/", *PAGES])
def test_the_pages_lead_to_each_other(client: FlaskClient, page: str) -> None:
    """From each page the others can be reached, and the document."""
    links = {urljoin(page, link) for link in re.findall(r'<a href="([^"]+)"', client.get(page).text)}
    assert links == {"/", *PAGES, "/openapi.json"} - {page}


def test_behind_a_prefix_the_pages_stay_there(client: FlaskClient) -> None:
    """Every reference is relative, so that a proxy may put the gateway behind a path of its own."""
    for page in ["/", *PAGES]:
        behind = f"/models/line{page}"
        assert all(path.startswith("/models/line/") for path in references(behind, client.get(page).text))


def test_an_asset_may_be_kept_for_a_day_and_is_asked_for_with_its_tag(client: FlaskClient) -> None:
    """The large files are sent once: browsers keep them for a day, then ask whether they have changed."""
    with client.get(ASSET) as first:
        assert first.headers["Cache-Control"] == "public, max-age=86400"
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        tag = first.headers["ETag"]
    with client.get(ASSET, headers={"If-None-Match": tag}) as again:
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("name", ["scalar.js", "__init__.py", "url.json", "..%2f..%2fpip", "../swagger.css", ""])
def test_no_other_file_of_the_package_is_given_out(client: FlaskClient, name: str) -> None:
    """Only the files that the pages load are given out; anything else is a problem document."""
    answer = client.get(f"/docs/assets/{name}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert document(answer)["status"] == 404
