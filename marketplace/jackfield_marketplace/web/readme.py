"""What authors write, made safe to show: Markdown to HTML without a tag or address that we did not choose."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import cache, lru_cache
from html import escape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

_TAGS = {
    *(
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
    ),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}
# Two levels down: the page's name is the first, "README" the second.
_HEADING_SHIFT = 2
_LONGEST = 200_000
_MARKS = "![*_<`"
_MOST_MARKS = 20_000  # of them all; each is some ten microseconds, and a long honest README has two or three thousand
_KEPT = 64  # rendered texts; a long one takes a second, and every visitor may ask for it


def render_text(text: str, content_type: str) -> Markup:
    """The HTML of a README or changelog entry, safe to put into a page.

    Args:
        text: as the author wrote it; what is over 200,000 characters is left out.
        content_type: `text/markdown` is rendered, everything else is shown as it stands; so is Markdown of little
            but marks, which would take seconds.
    """
    return render_bounded(text[:_LONGEST], content_type)


@lru_cache(_KEPT)
def render_bounded(text: str, content_type: str) -> Markup:
    """As `render_text`, of a text that was cut already: the last ones are kept, with what became of them."""
    if content_type != "text/markdown" or sum(map(text.count, _MARKS)) > _MOST_MARKS:
        return Markup(f"<pre>{escape(text)}</pre>")  # noqa: S704  # escaped in this line
    html = _markdown().render(text)
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        attribute_filter=_only_absolute,
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(clean)  # noqa: S704  # cleaned by nh3 above


def _only_absolute(tag: str, attribute: str, value: str) -> str | None:
    """A relative link of a README points into its repository; here it would point into the marketplace."""
    if attribute == "href" and not value.startswith(("https://", "http://", "mailto:")):
        return None
    return value


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.add_render_rule("image", _image_as_link)
    parser.add_render_rule("heading_open", _shifted)
    parser.add_render_rule("heading_close", _shifted)
    return parser


def _image_as_link(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    """A picture from elsewhere would tell its server who reads the page; its link does so only when followed."""
    token = tokens[index]
    label = token.content or "picture"
    return f'<a href="{escape(str(token.attrGet("src") or ""))}">{escape(label)}</a>'


def _shifted(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    token = tokens[index]
    level = min(6, int(token.tag[1:]) + _HEADING_SHIFT)
    return f"<{'/' if token.nesting < 0 else ''}h{level}>"
