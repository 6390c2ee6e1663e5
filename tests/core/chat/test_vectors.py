"""SVG of plugins: what a browser would be at for minutes is refused, and ordinary drawings are shown."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from jackfield.api import Image
from jackfield_chat.plugins.drawing import drawing
from jackfield_chat.plugins.vectors import DEEPEST, MOST_ELEMENTS, MOST_LETTERS, MOST_RULES, MOST_STOPS

ROOT = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300" viewBox="0 0 300 300">'
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
    '<g style="fill:none;stroke-dasharray:none;marker:none;-inkscape-stroke:none;filter:none" mask="none"/>',
    "<script>document.title = 'it runs in no picture'</script><title>Sales</title><desc>by month</desc>",
]


@pytest.mark.parametrize("within", ORDINARY)
def test_ordinary_drawings_are_shown(within: str) -> None:
    for head in ("", "\ufeff", '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!-- made by a program -->\n'):
        assert shown(f"{head}{ROOT}{within}</svg>")["kind"] == "image"


@pytest.mark.parametrize(
    "within",
    [
        "<g/>" * 64_000,
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
