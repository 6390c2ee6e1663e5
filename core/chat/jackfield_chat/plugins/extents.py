"""How far what an SVG draws reaches: a line that leads far out of the picture takes browsers minutes to widen.

Thirty curves in 800 bytes are enough, where each is a million times as long as the picture; and a line as wide as that.
So what is drawn lies within a hundred times the size of its picture, which is much more than any program writes.
"""

import math
import re
from collections.abc import Mapping

MOST_SIZES = 100
"""How far the drawing may reach, in sizes of its picture: of the larger side, or of ten times the smaller one."""
MOST_CURVES = 5000
"""In one path."""
MOST_PARTS = 20_000
"""Lines and curves of all paths together: each is looked at before the drawing is shown."""
MOST_PIXELS = 10_000
"""Of a picture that says its size in pixels alone: it may be cut off where it is shown, and not made smaller."""

MOST_UNITS, LEAST_UNITS = 1e9, 1e-30
"""Of a number that counts: browsers leave out a viewBox, or a transformation, with one that theirs cannot hold."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_SPACES = " \t\r\n"
_COMMA = re.compile(r"[ \t\r\n]*(,?)[ \t\r\n]*")
_BETWEEN = re.compile(r"[\s,]*")
_FUNCTION = re.compile(r"([a-zA-Z]+)[ \t\r\n]*\(([^()]*)\)")
_ARGUMENTS = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7}
_FLAGS = (3, 4)  # of an arc: one character each, and nothing need be between them
_PIXELS = {"": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "q": 1.0}
_DEFAULT_SIZE = (300.0, 150.0)
_WORDS = ("", "auto", "inherit", "initial", "none", "unset")
_SHAPES = {
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
    "line": ("x1", "y1", "x2", "y2"),
    "rect": ("x", "y", "width", "height", "rx", "ry"),
}

Spread = tuple[float, float]
"""By how much a length is multiplied at most, and how far a point is moved besides."""


class Extents:
    """Goes with the elements of one drawing, and refuses what leads too far out of it."""

    def __init__(self) -> None:
        self._limit = 0.0
        self._spreads: list[Spread] = [(1.0, 0.0)]
        self._most_factor = 1.0
        self._widest = 0.0
        self._parts = 0

    def begin(self, element: str, attributes: Mapping[str, str]) -> None:
        """Look at an element.

        Args:
            element: its name, in lower case.
            attributes: its attributes.

        Raises:
            ValueError: it reaches too far, or as far as nobody can say.
        """
        if is_root := len(self._spreads) == 1:
            self._limit = _limit_of(attributes)
        elif "viewBox" in attributes:
            raise ValueError("an SVG with a viewBox within it is not shown")
        if "transform-origin" in attributes:
            raise ValueError("an SVG with a transform-origin is not shown")
        factor, moved = self._spreads[-1]
        own, away = spread_of(attributes.get("transform", ""))
        if element == "svg" and not is_root:
            away += sum(self._length(attributes[key]) for key in ("x", "y") if key in attributes)
        factor, moved = factor * own, moved + factor * away
        self._spreads.append((factor, moved))
        self._most_factor = max(self._most_factor, factor)
        self._widen(attributes.get("stroke-width", ""))
        reach = 0.0
        if element in _SHAPES:
            reach = sum(
                self._length(attributes[key]) for key in _SHAPES[element] if attributes.get(key, "auto") != "auto"
            )
        if element in ("polyline", "polygon"):
            reach = max(map(abs, numbers(attributes.get("points", ""))), default=0.0)
        elif element == "path":
            reach, parts = reach_of(attributes.get("d", ""), MOST_PARTS - self._parts)
            self._parts += parts
        if not factor * reach + moved <= self._limit:
            raise _too_far()

    def end(self) -> None:
        """Leave the element that was begun last."""
        self._spreads.pop()

    def style(self, text: str, *, of_root: bool = False) -> None:
        """Look at the properties of an element, or of a rule.

        Args:
            text: `name: value; …`.
            of_root: whether they are those of the element that holds all others, whose size is the picture's.

        Raises:
            ValueError: a length of them is in a unit that others decide.
        """
        for one in text.split(";"):
            name, _, value = (part.strip().lower() for part in one.partition(":"))
            if name == "stroke-width" or (name in ("width", "height") and not of_root):
                self._widen(value.removesuffix("!important"))

    def check_lines(self) -> None:
        """Return where no line is too wide, now that it is known by how much each may be magnified.

        Raises:
            ValueError: one may be.
        """
        if not self._most_factor * self._widest <= self._limit:
            raise _too_far()

    def _widen(self, text: str) -> None:
        if text.strip() not in _WORDS:
            self._widest = max(self._widest, self._length(text))

    def _length(self, text: str) -> float:
        """Return what a length comes to in units of the drawing, and somewhat more where it is a share of its size.

        Raises:
            ValueError: it is in a unit that others decide.
        """
        number, unit = _parted(text)
        if unit != "%" and unit not in _PIXELS:
            raise ValueError(f"an SVG is shown where its lengths are numbers, and not {text.strip()[:50]!r}")
        return number * (self._limit / 1000 if unit == "%" else _PIXELS[unit])


def _limit_of(root: Mapping[str, str]) -> float:
    """Return how far a drawing may reach, in its units, by the attributes of the element that holds all others."""
    if "viewBox" in root:
        size = _view_box(root["viewBox"])
    else:
        size = []
        for name, default in zip(("width", "height"), _DEFAULT_SIZE, strict=True):
            number, unit = _parted(root.get(name, ""))
            size.append(min(number * _PIXELS[unit], MOST_PIXELS) if unit in _PIXELS else default)
    if len(size) != len(_DEFAULT_SIZE) or not min(size) > 0:
        raise ValueError("an SVG without a size is not shown")
    return MOST_SIZES * min(max(size), 10 * min(size))


def _view_box(text: str) -> list[float]:
    """Return the width and height; none where browsers may read it otherwise, or leave it out."""
    return numbers_of(text)[2:]


def _parted(text: str) -> tuple[float, str]:
    """Return the number of a length and its unit; where it is no length the unit is none either."""
    found = _NUMBER.match(text := text.strip())
    return (abs(float(found[0])), text[found.end() :].lower()) if found is not None else (0.0, text or "none")


def _too_far() -> ValueError:
    return ValueError(f"an SVG is shown where all that it draws lies within {MOST_SIZES} times its size")


def numbers(text: str) -> list[float]:
    """Return the numbers of a list, whatever is between them."""
    return [float(one) for one in _NUMBER.findall(text)]


def numbers_of(text: str) -> list[float]:
    """Return the numbers of a list that every browser reads, and reads as they are; none of any other."""
    given, comma, place, text = [], "", 0, text.strip(_SPACES)
    while place < len(text):
        found = _NUMBER.match(text, place)
        if found is None or found[0].endswith("."):
            return []
        value = float(found[0])
        if not LEAST_UNITS <= abs(value) <= MOST_UNITS and found[0].strip("+-.0"):
            return []
        given.append(value)
        between = _COMMA.match(text, found.end())
        comma, place = between[1], between.end()  # type: ignore[index, union-attr]  # it matches everywhere
    return given if not comma else []


def reach_of(path: str, most_parts: int = MOST_PARTS) -> tuple[float, int]:
    """Return how far from the origin a path, or what guides its curves, leads at most, and of how many parts it is.

    Raises:
        ValueError: it has too many curves or parts, or cannot be read: a browser may read more of it than is read here.
    """
    place, curves, parts, farthest = _BETWEEN.match(path).end(), 0, 0, 0.0  # type: ignore[union-attr]  # it matches everywhere
    here = start = (0.0, 0.0)
    while place < len(path):
        command = path[place]
        place = _after(path, place + 1)
        if command in "zZ":
            here = start
            continue
        many = _ARGUMENTS.get(command.lower())
        if many is None:
            raise _unreadable(path, place)
        first = True
        while first or (place < len(path) and not path[place].isalpha()):
            given, place = _given(path, place, many, command)
            points = _points(command, given, here)
            here = points[-1]
            if first and command in "mM":
                start = here
            radius = 2 * max(abs(given[0]), abs(given[1])) if command in "aA" else 0.0
            farthest = max(farthest, *(math.hypot(*one) + radius for one in points))
            curves, parts = curves + (command not in "mMlLhHvV"), parts + 1
            if curves > MOST_CURVES or parts > most_parts:
                raise ValueError(
                    f"an SVG is shown with at most {MOST_CURVES} curves in one path, and {MOST_PARTS} parts in all"
                )
            first = False
    return farthest, parts


def spread_of(transform: str) -> Spread:
    """Return what a transformation does to lengths and places at most.

    Raises:
        ValueError: it cannot be read. Browsers leave such a one out, and draw as large as without it.
    """
    factor, moved, comma, place, text = 1.0, 0.0, "", 0, transform.strip(_SPACES)
    while place < len(text):
        found = _FUNCTION.match(text, place)
        if found is None:
            raise _unreadable(text, place)
        own, away = _function(found[1], numbers_of(found[2]))
        factor, moved = factor * own, moved + factor * away
        between = _COMMA.match(text, found.end())
        comma, place = between[1], between.end()  # type: ignore[index, union-attr]  # it matches everywhere
    if comma:
        raise _unreadable(text, place)
    return factor, moved


def _function(name: str, given: list[float]) -> Spread:
    match name, given:
        case "translate", [_] | [_, _]:
            return 1.0, math.hypot(*given)
        case "scale", [_] | [_, _]:
            return max(map(abs, given)), 0.0
        case "rotate", [_] | [_, _, _]:
            return 1.0, 2 * math.hypot(*given[1:])
        case "skewX" | "skewY", [angle]:
            return 1 + abs(math.tan(math.radians(angle))), 0.0
        case "matrix", [a, b, c, d, e, f]:
            squares, across = a * a + b * b, c * c + d * d
            differs = math.hypot(squares - across, 2 * (a * c + b * d))
            return math.sqrt((squares + across + differs) / 2), math.hypot(e, f)
    raise ValueError(f"an SVG is not shown with the transformation {name[:50]} of {len(given)} numbers")


def _points(command: str, given: list[float], here: tuple[float, float]) -> list[tuple[float, float]]:
    """The points that one part of a path names, the last of them its end."""
    relative = command.islower()
    x, y = here if relative else (0.0, 0.0)
    if command in "hH":
        return [(x + given[0], here[1])]
    if command in "vV":
        return [(here[0], y + given[0])]
    pairs = given[5:] if command in "aA" else given
    return [(x + pairs[place], y + pairs[place + 1]) for place in range(0, len(pairs), 2)]


def _given(path: str, place: int, many: int, command: str) -> tuple[list[float], int]:
    given = []
    for number in range(many):
        if command in "aA" and number in _FLAGS:
            if path[place : place + 1] not in ("0", "1"):
                raise _unreadable(path, place)
            given.append(float(path[place]))
            end = place + 1
        else:
            found = _NUMBER.match(path, place)
            if found is None:
                raise _unreadable(path, place)
            given.append(float(found[0]))
            end = found.end()
        place = _after(path, end)
    return given, place


def _after(path: str, place: int) -> int:
    return _BETWEEN.match(path, place).end()  # type: ignore[union-attr]  # it matches everywhere


def _unreadable(text: str, place: int) -> ValueError:
    return ValueError(f"an SVG is not shown where {text[max(0, place - 10) : place + 20]!r} cannot be read in it")
