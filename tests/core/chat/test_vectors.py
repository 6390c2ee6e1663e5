"""SVG of plugins: what a browser would be at for minutes is refused, and ordinary drawings are shown."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from jackfield.api import Image
from jackfield_chat.plugins.drawing import drawing
from jackfield_chat.plugins.extents import MOST_CURVES, MOST_PARTS, reach_of, spread_of
from jackfield_chat.plugins.vectors import DEEPEST, MOST_ELEMENTS, MOST_LETTERS, MOST_RULES, MOST_STOPS

ROOT = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300" viewBox="0 0 300 300">'
FAR = "all that it draws lies within 100 times its size"
FULL = '<rect width="300" height="300" fill="red"/>'


def nested(element: str, attribute: str, depth: int = 8, width: int = 10) -> str:
    """One within the other: five kilobytes that are drawn a hundred million times."""
    shape = '<path d="M0 0H9V9H0V9" {}/>'
    inner = [shape.format(f'{attribute}="url(#m{level + 1})"') * width for level in range(depth)]
    return "".join(f'<{element} id="m{level}">{shapes}</{element}>' for level, shapes in enumerate(inner))


def shown(svg: str | bytes) -> Any:
    return drawing(Image(svg if isinstance(svg, bytes) else svg.encode(), "image/svg+xml", "A drawing"))


@pytest.mark.parametrize(
    ("within", "why"),
    [
        (nested("mask", "mask"), "with <mask is not shown"),
        (nested("clipPath", "clip-path"), "with <clipPath is not shown"),
        (nested("marker", "marker-mid"), "with <marker is not shown"),
        (nested("s:mask", "mask"), "with <s:mask is not shown"),
        ('<g style="filter:blur(99px)">' * 60 + FULL + "</g>" * 60, "with the style filter is not shown"),
        (f"<style>rect{{filter:blur(99px)}}</style>{FULL}", "with the style filter is not shown"),
        (f"<style>rect{{fi\\6cter:blur(99px)}}</style>{FULL}", "an escape or a comment in its style"),
        (f"<style>rect{{fill:red;/**/filter:blur(99px)}}</style>{FULL}", "an escape or a comment in its style"),
        (f"<style><![CDATA[rect{{filter:blur(9px)}}]]></style>{FULL}", "with the style filter is not shown"),
        (f"<style>rect{{fill:red}}rect{{filter:blur(9px)</style>{FULL}", "plain rules"),
        (f"<style>@import 'data:text/css,rect{{filter:blur(9px)}}';</style>{FULL}", "plain rules"),
        (f"<style>g g g g g rect{{fill:red}}</style>{FULL}", "plain rules"),
        (f"<style>{'rect,' * MOST_RULES}rect{{fill:red}}</style>{FULL}", "plain rules"),
        (f"<style>rect{{fill:red}}</style>{FULL}" * (MOST_RULES + 1), "plain rules"),
        (f"<style><style>g{{}}</style>rect{{filter:blur(9px)}}</style>{FULL}", "with <style> in a style sheet"),
        ('<h:link rel="stylesheet" href="data:text/css,rect{filter:blur(9px)}"/>', "with <h:link is not shown"),
        ("<rect fill=\"url( 'data:image/svg+xml,x#p')\"/>", "with fill from elsewhere"),
        ('<rect fill="u\\72l(data:image/svg+xml,x#p)"/>', "with fill from elsewhere"),
        ('<rect style="fill:URL(data:image/svg+xml,x#p)"/>', "with the style fill from elsewhere"),
        ('<rect style="f&#105;lter:blur(99px)"/>', "with the style filter is not shown"),
        ('<rect style="background:url(data:image/svg+xml,x)"/>', "with the style background is not shown"),
        ('<rect filter="blur(99px)"/>', "with filter is not shown"),
        ('<path d="M0 0H300" stroke-dasharray=".0001"/>', "with stroke-dasharray is not shown"),
        ('<rect><set attributeName="stroke-dasharray" to=".0001"/></rect>', "with <set is not shown"),
        ('<stop offset="0.5"/>' * (MOST_STOPS + 1), f"{MOST_STOPS} colours of gradients"),
        (FULL * (MOST_ELEMENTS + 1), f"at most {MOST_ELEMENTS} elements"),
        ("<g>" * DEEPEST + "</g>" * DEEPEST, f"{DEEPEST} within each other"),
        ("<?xml-stylesheet href='data:text/css,rect{filter:blur(9px)}'?>", "is not shown"),
        (f'<path stroke="red" d="M0 0{"c9e5-99 9 99e6-8e3 8" * 30}"/>', FAR),
        (f'<path d="M0 0{"l99 99" * 19_000}"/>', FAR),
        (f'<path d="M0 0{"h1h-1" * (MOST_PARTS // 4)}"/>' * 3, f"and {MOST_PARTS} parts in all"),
        ('<path d="M0 0a9e5 9 0 0110 10"/>', FAR),
        ('<path d="M0 0L9e5,0zm1 1"/>', FAR),
        ('<path d="M0 0 1e999 1"/>', FAR),
        ('<path d="M0 0 1 1 x 9e9 9"/>', "cannot be read in it"),
        ('<path d="M0 0a1 1 0 2 0 1 1"/>', "cannot be read in it"),
        (f'<path d="M0 0{"t1 1-1-1" * MOST_CURVES}"/>', f"at most {MOST_CURVES} curves"),
        ('<g transform="scale(1e3)"><g transform="translate(9)scale(1e3 1)"><rect width="9"/></g></g>', FAR),
        ('<g transform="matrix(1 0 0 1e9 0 0)"><rect width="9"/></g>', FAR),
        ('<g transform="rotate(9 1e9 0)"><rect width="9"/></g>', FAR),
        ('<g transform="skewX(90)"><rect width="9"/></g>', FAR),
        ('<g transform="scale(1)) scale(1e9"><rect width="9"/></g>', "cannot be read in it"),
        ('<g transform="scale(1 1 1)"/>', "the transformation scale of 3 numbers"),
        ('<rect transform-origin="1e9 1e9" width="9"/>', "a transform-origin"),
        ('<ellipse rx="9e6" ry="5e6"/>', FAR),
        ('<polygon points="1,2 9e6,1"/>', FAR),
        ('<svg x="9e6"><rect width="9"/></svg>', FAR),
        ('<svg viewBox="0 0 .001 .001"><rect width="9"/></svg>', "a viewBox within it"),
        ('<g stroke-width="9e6"/>', FAR),
        ('<g stroke-width="400"><g transform="scale(1000)"/></g>', FAR),
        ('<g style="stroke-width: 9e6px !important"/>', FAR),
        ("<style>path{stroke-width:9e6}</style>", FAR),
        ("<style>path{stroke-width:calc(9e6px)}</style>", "its lengths are numbers"),
        ('<rect width="9em"/>', "its lengths are numbers"),
        ('<text><textPath href="#p">a</textPath></text>', "with <textPath is not shown"),
        ("<text>" + "@ " * (MOST_LETTERS + 1) + "</text>", f"at most {MOST_LETTERS} letters"),
        ("<rect", "no XML in UTF-8"),
        ("<g>", "no XML in UTF-8"),
    ],
)
def test_what_unfolds_without_end_is_refused(within: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        shown(f"{ROOT}{within}</svg>")


def test_what_a_browser_reads_in_another_encoding_hides_nothing() -> None:
    hidden = f'<?xml version="1.0" encoding="iso-2022-jp"?>{ROOT}<\x1b(Bmask id="m"/></svg>'
    with pytest.raises(ValueError, match="is not shown"):
        shown(hidden)
    with pytest.raises(ValueError, match="an SVG in latin-1 is not shown: write it in UTF-8"):
        shown(f'<?xml version="1.0" encoding="latin-1"?>{ROOT}</svg>')
    with pytest.raises(ValueError, match="no XML in UTF-8"):
        shown(ROOT.encode() + b"<text>\xff</text></svg>")


ORDINARY = [
    '<rect x="1" y="2" width="9" height="9" rx="2" fill="#fa0" stroke="black" opacity=".5"/>',
    '<text x="1">A filter: data</text>',
    '<linearGradient id="g"><stop offset="0" style="stop-color:#00f"/></linearGradient><path fill="url(#g)"/>',
    '<path fill="url(\'#g\') red" style="stroke:url( &quot;#g&quot; )"/><style>path{fill:url(#g)}</style>',
    "<style>\n.cls-1, .cls-2 { fill: #fff; stroke-width: 2px; }\n#a { font-family: sans-serif }\n</style><path/>",
    '<path d="M10-20.5.5e1,7l3 4h-1V0v+2 1C1 2 3 4 5 6s1 1 2 2Q1 2 3 4t1 1zM1 1A5 5 0 1110 10a5,5 0 01-.5.5z m 1 1Z"/>',
    '<g transform="translate(9 -9) rotate(45, 1, 2),scale(2)matrix(0 1 -1 0 5 5) skewX(9)"><rect width="100%"/></g>',
    '<rect rx="auto" height="2cm" stroke-width="1.5px"/><line x2="9"/><path/><polyline points="1,2,3 4"/><svg x="5%"/>',
    '<g style="stroke-width:inherit;width:auto" stroke-width="2pt"/><text x="1em" dy=".35em" font-size="2em">a</text>',
    '<g style="fill:none;stroke-dasharray:none;marker:none;-inkscape-stroke:none;filter:none" mask="none"/>',
    "<script>document.title = 'it runs in no picture'</script><title>Sales</title><desc>by month</desc>",
]


@pytest.mark.parametrize("within", ORDINARY)
def test_ordinary_drawings_are_shown(within: str) -> None:
    for head in ("", "\ufeff", '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!-- made by a program -->\n'):
        assert shown(f"{head}{ROOT}{within}</svg>")["kind"] == "image"


@pytest.mark.parametrize(
    ("root", "is_shown"),
    [
        ('<svg viewBox="0 0 24 24" width="1em" height="1em" style="width:1em">', True),
        ('<svg width="100%" height="auto">', True),
        ('<svg width="2in" height="50mm">', True),
        ("<svg>", True),
        ('<svg viewBox="0 0 .001 .001">', False),
        ('<svg viewBox="0 0 10000 .01">', False),
        ('<svg viewBox="0 0 0 0">', False),
        ('<svg viewBox="0 0 9">', False),
        ('<svg viewBox="0,0 , 24.5,2e1">', True),
        ('<svg viewBox="0 0 24 24 24">', False),
        ('<svg viewBox="0 0 24. 24">', False),
        ('<svg viewBox="0 0 24 24px">', False),
        ('<svg viewBox=",0 0 1e8 1e8">', False),
        ('<svg viewBox="0,,0 1e8 1e8">', False),
        ('<svg viewBox="0 0 1e8 1e8\u00a0">', False),
        ('<svg viewBox="0 0 \u0661e8 1e8">', False),
        ('<svg viewBox="0 0 1e39 1e39">', False),
        ('<svg viewBox="1e39 0 1e8 1e8">', False),
        ('<svg viewBox="0 0 1e999 1e999">', False),
        ('<svg width="9e9" height="9e9"><path d="M9e6 9"/>', False),
        ('<svg width=".001" height=".001">', False),
    ],
)
def test_what_is_drawn_is_held_against_the_size_of_the_picture(root: str, is_shown: bool) -> None:
    svg = f'{root}<path d="M0 0 20 20"/></svg>'
    if is_shown:
        assert shown(svg)["kind"] == "image"
    else:
        with pytest.raises(ValueError, match=r"is not shown|100 times its size"):
            shown(svg)


@pytest.mark.parametrize(
    "left_out",
    ["scale(0 x)", "SCALE(0)", "scale(0),", ",scale(0)", "scale(0),,scale(0)", "scale(0,)", "scale(0.)",
     "scale(1e-999)", "scale(0\u00a0)", "skewx(0)scale(0)", "scale(1e-30)scale(0 0 0)", "scale(1e999)"],
)  # fmt: skip
def test_no_transformation_that_a_browser_leaves_out_makes_a_drawing_small(left_out: str) -> None:
    """It is drawn as large as without it, for minutes."""
    with pytest.raises(ValueError, match=r"cannot be read in it|is not shown with the transformation"):
        shown(f'{ROOT}<path transform="{left_out}" d="M0 0{"c9e5-99 9 99e6-8e3 8" * 30}"/></svg>')


@pytest.mark.parametrize(
    "text",
    [" scale(0) ", "translate(-.5-3)scale(1,1)", "matrix(6e-17 1 -1 6e-17 0 0) , skewX( 3 )", "rotate(30 1 , 2)"],
)
def test_transformations_as_programs_write_them_are_read(text: str) -> None:
    assert shown(f'{ROOT}<path transform="{text}" d="M0 0 9 9"/></svg>')["kind"] == "image"


def test_paths_and_transformations_are_measured() -> None:
    assert reach_of("M3 4") == (5, 1)
    assert reach_of("m1 1 2 3zm2 3")[0] == pytest.approx(5)
    assert reach_of("M0 0h3v4H0V0c0 0 0 9 0 1s0 0 0 0Q0 0 0 10t0 0T1 1")[0] == pytest.approx(10)
    assert reach_of("M0,0a1 1 0 013 4")[0] == pytest.approx(7)
    assert spread_of("rotate(30) matrix(0 1 -1 0 0 0)") == pytest.approx((1, 0))
    assert spread_of("translate(3 4) scale(-2 1) rotate(9 3 4)") == (2, 25)
    assert spread_of("matrix(3 0 0 2 3 4)") == pytest.approx((3, 5))


@pytest.mark.parametrize(
    "within",
    [
        "<g/>" * 64_000,
        f"<path d='M0 0{'h1h-1' * 49_000}'/>",
        f"<path d='M0 0{'1-1-1 1' * 36_000}'/>",
        f"<path d='M{' ' * 250_000}'/>",
        f"<path d='M{'1' * 250_000}'/>",
        f"<g transform='{'scale(1)' * 31_000}'/>",
        f"<g transform='{'a' * 250_000}'/>",
        f"<g transform='{'scale' + ' ' * 250_000}'/>",
        f"<g transform='{' ' * 250_000}'/>",
        f"<svg viewBox='{'1' * 250_000}'/>",
        f"<g stroke-width='{' ' * 250_000}1'/>",
        f"<g stroke-width='1{' ' * 250_000}!'/>",
        f"<g stroke-width='{'1' * 250_000}!'/>",
        f"<polygon points='{'1 ' * 125_000}'/>",
        "<g " + "".join(f"a{number}='' " for number in range(25_000)) + "/>",
        f"<style>{' ' * 250_000}!</style>",
        f"<style>{'a' * 250_000}</style>",
        f"<style>{'a{} ' * 60_000}!</style>",
        f"<g style='{';' * 250_000}'/>",
        f"<g fill='url({' ' * 250_000}#'/>",
        f"<g style='fill:url({' ' * 250_000}#'/>",
        f"<g fill='{'url(' * 60_000}'/>",
        f"<text>{'a&amp;' * 40_000}</text>",
    ],
)
def test_to_look_at_one_takes_no_time(within: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(ValueError):
        shown(f"{ROOT}{within}</svg>")
    assert time.process_time() - begun < 1
