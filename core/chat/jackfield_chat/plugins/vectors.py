"""SVG of plugins: only what every browser draws in a moment.

Five kilobytes can have the page of everyone who looks stand still for minutes: a mask whose circles have masks, whose
circles have masks; a blur within a blur; a line of a thousand million dashes; a gradient of thousands of colours on
thousands of shapes; a curve a million times as long as the picture. What can do so is not drawn, and what is left has a
bound.
"""

import re
from typing import NoReturn
from xml.parsers import expat

from jackfield_chat.plugins.extents import Extents

MOST_ELEMENTS = 5000
MOST_LETTERS = 10_000
"""Each can be drawn as a shape with a wide line around it, all on one another."""
MOST_STOPS = 100
"""Colours of all gradients: each shape that has one is drawn with all of them."""
MOST_RULES = 200
"""Of all style sheets, each selector for itself: each is held against each element."""
MOST_PROPERTIES = 100
"""Of one element's style, or of one rule."""
DEEPEST = 64

_ENCODINGS = (None, "utf-8", "us-ascii")
_COSTLY_ELEMENTS = frozenset(
    {
        "animate", "animatecolor", "animatemotion", "animatetransform", "clippath", "feimage", "filter",
        "foreignobject", "image", "link", "marker", "mask", "pattern", "set", "textpath", "use",
    }
)  # fmt: skip
"""What draws something else once more, or at each moment, or measures it, or brings a style sheet, in lower case."""
_COSTLY_ATTRIBUTES = frozenset(
    {"clip-path", "filter", "marker", "marker-end", "marker-mid", "marker-start", "mask", "stroke-dasharray"}
)
_STYLES = frozenset(
    {
        "color", "direction", "display", "dominant-baseline", "enable-background", "fill", "fill-opacity", "fill-rule",
        "font", "font-family", "font-size", "font-stretch", "font-style", "font-variant", "font-weight", "height",
        "letter-spacing", "line-height", "opacity", "overflow", "paint-order", "shape-rendering", "stop-color",
        "stop-opacity", "stroke", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit",
        "stroke-opacity", "stroke-width", "text-align", "text-anchor", "text-decoration", "text-rendering",
        "vector-effect", "visibility", "white-space", "width", "word-spacing", "writing-mode",
    }
)  # fmt: skip
"""Properties that say how a shape or a letter looks, and nothing that has to be drawn apart."""
_SHEET = re.compile(r"(?:\s*[\w.#*-]+(?:\s*,\s*[\w.#*-]+)*\s*\{[^{}]*\})*\s*")
_RULE = re.compile(r"\{([^{}]*)\}")
_ELSEWHERE = re.compile(r"""url\([\s"']*[^"'\s#]|\\|/\*""", re.IGNORECASE)
"""What leads out of the drawing, or is written in a way that could hide that it does.

In one class, since of two that both take spaces each would be tried with all that the other one leaves.
"""


def check_svg(data: bytes) -> None:
    """Return where a drawing takes no longer than it should.

    Raises:
        ValueError: it is no XML in UTF-8, has too much in it, or something that can unfold.
    """
    reader = _Reader()
    try:
        data.decode("utf-8")  # what a browser reads otherwise could hide its words from us
        reader.parser.Parse(data, True)
        reader.extents.check_lines()
    except (expat.ExpatError, UnicodeDecodeError) as error:
        raise ValueError(f"an SVG that is no XML in UTF-8 is not shown: {error}") from None


class _Reader:
    """Goes through the elements of one drawing, from the first to the last."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.XmlDeclHandler = self._declare
        self.parser.StartDoctypeDeclHandler = lambda *_: _refuse("<!DOCTYPE")
        self.parser.ProcessingInstructionHandler = lambda target, _: _refuse(f"<?{target}")
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._elements = self._stops = self._rules = self._depth = self._letters = 0
        self._sheet: list[str] | None = None
        self.extents = Extents()

    def _declare(self, _version: str, encoding: str | None, _alone: int) -> None:
        if encoding not in _ENCODINGS and (encoding or "").lower() not in _ENCODINGS:
            raise ValueError(f"an SVG in {encoding} is not shown: write it in UTF-8")

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2].lower()
        if self._sheet is not None:  # it would end the sheet for us, and for no browser
            _refuse(f"<{name[:50]}> in a style sheet")
        if local in _COSTLY_ELEMENTS:
            _refuse(f"<{name}")
        self._elements += 1
        self._stops += local == "stop"
        self._depth += 1
        if self._elements > MOST_ELEMENTS or self._stops > MOST_STOPS or self._depth > DEEPEST:
            raise ValueError(
                f"an SVG is shown with at most {MOST_ELEMENTS} elements, {DEEPEST} within each other, and {MOST_STOPS} "
                "colours of gradients"
            )
        if local == "style":
            self._sheet = []
        for key, value in attributes.items():
            if key.lower() in _COSTLY_ATTRIBUTES and value.strip() != "none":
                _refuse(key)
            if key.lower() in _STYLES and _ELSEWHERE.search(value):
                _refuse(f"{key} from elsewhere")
            if key.lower() == "style":
                _check_style(value)
                self.extents.style(value, of_root=self._elements == 1)
        self.extents.begin(local, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.extents.end()
        if self._sheet is not None and name.rpartition(":")[2].lower() == "style":
            self._check_sheet("".join(self._sheet))
            self._sheet = None

    def _text(self, text: str) -> None:
        if self._sheet is not None:
            self._sheet.append(text)
            return
        self._letters += sum(map(len, text.split()))
        if self._letters > MOST_LETTERS:
            raise ValueError(f"an SVG is shown with at most {MOST_LETTERS} letters")

    def _check_sheet(self, text: str) -> None:
        """A sheet of plain rules for elements, classes and ids: whatever else one may hold could hide a rule."""
        self._rules += text.count("{") + text.count(",")
        if self._rules > MOST_RULES or not _SHEET.fullmatch(text):
            raise ValueError(f"an SVG is shown with style sheets of at most {MOST_RULES} plain rules")
        for rule in _RULE.findall(text):
            _check_style(rule)
            self.extents.style(rule)


def _check_style(text: str) -> None:
    if "\\" in text or "/*" in text:  # by these a browser reads another property than is written
        _refuse("an escape or a comment in its style")
    if text.count(";") > MOST_PROPERTIES:
        raise ValueError(f"an SVG is shown with styles of at most {MOST_PROPERTIES} properties")
    for one in text.split(";"):
        name, _, value = (part.strip().lower() for part in one.partition(":"))
        if name and name not in _STYLES and value != "none" and not name.startswith("-inkscape-"):
            _refuse(f"the style {name[:50]}")
        if _ELSEWHERE.search(value):
            _refuse(f"the style {name[:50]} from elsewhere")


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"an SVG with {what} is not shown: it can unfold without end")
