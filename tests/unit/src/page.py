"""Reads what the report writes: HTML and SVG, strictly."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from xml.parsers import expat

from src.report.svg import PALETTE

VOID = {"meta", "link", "br"}


@dataclass
class Element:
    """An element, with the text of all that is in it."""

    tag: str
    attributes: dict[str, str]
    inside: tuple["Element", ...] = field(repr=False)
    text: str = ""


@dataclass
class Page(HTMLParser):
    """An HTML page or an SVG image: all its elements, in order."""

    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element in."""
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in an element that is closed at once, as SVG's may be and HTML's may not."""
        assert any(element.tag == "svg" for element in self.open), f"<{tag}/> is no HTML"
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close an element, which must be the last one opened."""
        assert self.open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        """Add to the text of all open elements."""
        for element in self.open:
            element.text += data

    def all(self, tag: str, within: str = "") -> list[Element]:
        """The elements of this tag, anywhere or in the element of this id."""
        found = [element for element in self.elements if element.tag == tag]
        return [e for e in found if not within or any(outer.attributes.get("id") == within for outer in e.inside)]

    def texts(self, tag: str, within: str = "") -> list[str]:
        """What stands in the elements of this tag, with single blanks."""
        return [" ".join(element.text.split()) for element in self.all(tag, within)]


def read(text: str) -> Page:
    """Read a page.

    Raises:
        AssertionError: An element is not closed, or closed out of turn.
    """
    page = Page()
    HTMLParser.__init__(page)
    page.feed(text)
    page.close()
    assert not page.open, f"<{page.open[-1].tag}> is not closed"
    return page


def read_svg(text: str) -> Page:
    """Read an image, which must be XML too.

    Raises:
        ExpatError: It is not.
    """
    expat.ParserCreate().Parse(text, True)  # noqa: FBT003  # expat takes no names
    return read(text)


def texts(svg: str) -> list[str]:
    """What is written in a chart."""
    return read_svg(svg).texts("text")


def label(svg: str) -> str:
    """What a chart says it shows."""
    return read_svg(svg).elements[0].attributes["aria-label"]


def paths(svg: str, colour: str) -> list[list[tuple[float, float]]]:
    """The points of the paths that are drawn or filled in one of the palette's colours."""
    drawn = [
        e.attributes
        for e in read_svg(svg).all("path")
        if f"var(--{colour}, {PALETTE[colour]})" in e.attributes.get("style", "")
    ]
    return [[(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", each["d"])] for each in drawn]
