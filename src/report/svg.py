"""Drawings by Matplotlib as SVG that stands in an HTML page, takes on the page's fonts and follows its colours."""

import html
import io
import re
import unicodedata
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which can be told apart with any kind of colour vision. A page sets others by the CSS
# variables --ink, --grid and so on; these are what stands in for them.
PALETTE = {
    "ink": "#4b5563",
    "grid": "#d1d5dc",
    "model": "#0072b2",
    "baseline": "#e69f00",
    "stable": "#009e73",
    "alarm": "#d55e00",
}
_VARIABLES = {colour: f"var(--{name}, {colour})" for name, colour in PALETTE.items()}
_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": PALETTE["ink"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": PALETTE["ink"],
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": 11,
    "grid.color": PALETTE["grid"],
    "legend.frameon": False,
    "legend.labelcolor": PALETTE["ink"],
    "savefig.facecolor": "none",
    "svg.fonttype": "none",  # text stays text, and the page's font draws it
    "text.color": PALETTE["ink"],
    "text.parse_math": False,  # a dollar sign in a unit begins no formula
    "xtick.color": PALETTE["ink"],
    "xtick.major.size": 0,
    "ytick.color": PALETTE["ink"],
    "ytick.major.size": 0,
}


def draw(
    key: str, label: str, size: tuple[float, float], paint: Callable[["Axes"], None], *, bare: bool = False
) -> str:
    """Make a drawing.

    Args:
        key: What no other drawing of the page is called: the identifiers inside follow from it.
        label: What the drawing shows, in words, for those who cannot see it.
        size: Its width and height; the page may scale it.
        paint: Draws into the axes.
        bare: Whether the axes fill the drawing, without ticks, frame or grid.

    Returns:
        An `<svg>` element, the same for the same arguments.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    written = io.StringIO()
    with mpl.rc_context(), warnings.catch_warnings():
        # The reader's fonts draw the text; the one that measures it here need not have every script's characters.
        warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
        mpl.rcdefaults()  # whatever style a notebook has set
        mpl.rcParams.update(_STYLE | {"svg.hashsalt": key})
        figure = Figure(figsize=(size[0] / 72, size[1] / 72), layout=None if bare else "constrained")
        axes = figure.add_axes((0, 0, 1, 1)) if bare else figure.subplots()
        if bare:
            axes.set_axis_off()
        axes.set_autoscale_on(False)  # whoever paints sets limits
        paint(axes)
        canvas: Any = FigureCanvasSVG(figure)
        # Not `savefig`, which would draw everything twice.
        canvas.print_svg(written, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _inline(written.getvalue(), label, size)


def clean(text: str, limit: int = 40) -> str:
    """A text on one line, cut to about so many narrow characters, without those that XML or a layout cannot have."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    width = 0
    for place, character in enumerate(words):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width > limit:
            return f"{words[: place - 1].rstrip()}…"
    return words


def _inline(document: str, label: str, size: tuple[float, float]) -> str:
    """An SVG file as an element of a page: without what only a file needs, and with few decimals."""
    start = document.index(">", document.index("<svg")) + 1
    body = document[start : document.rindex("</svg>")]
    body = re.sub(r"<style.*?</style>|<metadata.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<[^>]+>", lambda tag: _short(tag[0]), body)
    body = re.sub(r">\s+<", "><", body).replace("<defs></defs>", "")
    words = html.escape(clean(label, 200))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]:g} {size[1]:g}" role="img" aria-label="{words}"'
        f' font-family="system-ui, sans-serif" stroke-linejoin="round"><title>{words}</title>{body.strip()}</svg>'
    )


def _short(tag: str) -> str:
    """One tag, shorter. Names of groups go: nothing refers to them, and each drawing has the same."""
    tag = re.sub(r'^<g id="[^"]*"', "<g", tag)
    tag = re.sub(r" font-family: [^;]*;?| transform=\"rotate\(-0 [^\"]*\"", "", tag).replace("xlink:href", "href")
    tag = re.sub(r"(\d\.\d\d)\d+", r"\1", tag)
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: _VARIABLES.get(found[0], found[0]), " ".join(tag.split()))
