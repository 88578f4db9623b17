"""The report of a training run: one HTML file that holds all it shows, and the learning curves as JSON beside it."""

from datetime import UTC
from pathlib import Path

import msgspec

from src.errors import StoreError
from src.run import Run

FOLDER = "reports"
TEMPLATE = "report.html.jinja"


def path(run: Run, store: Path) -> Path:
    """Where a run's report is: beside the versions, named as its version, or as the time if it published none."""
    name = f"{run.version}" if run.version else f"refused-{run.origin.created.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return store / run.recipe.name / FOLDER / f"{name}.html"


def write(run: Run, store: Path) -> Path:
    """Write a run's report, and its learning curves, which nothing else keeps.

    Args:
        run: The run.
        store: The model store.

    Returns:
        The report's file.

    Raises:
        StoreError: It cannot be written.
    """
    file = path(run, store)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.with_suffix(".json").write_bytes(msgspec.json.encode(run.history))
        file.write_text(render(run), encoding="utf-8")
    except OSError as error:
        done = f"version {run.version} is published, but " if run.version else ""
        raise StoreError(f"{done}its report cannot be written: {file}: {error.strerror or error}") from error
    return file


def render(run: Run) -> str:
    """The report's HTML, which needs no other file and no network.

    Args:
        run: The run, as far as it came.

    Returns:
        The page, the same for the same run.
    """
    import jinja2  # here, as Matplotlib is where it draws: commands that write no report do not wait for them

    from src import amounts
    from src.report import view

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # recipes and data may hold any text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(amount=amounts.amount, coefficient=amounts.coefficient, duration=amounts.duration)
    return environment.get_template(TEMPLATE).render(view=view.view(run), run=run)
