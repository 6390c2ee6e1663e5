"""The part of CommonMark that plugins' texts have in the page, read as CommonMark reads it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.feature("C18")]

OpenPage = Callable[..., Page]
DRAWN = """async (text) => {
  const root = (await import("/static/markdown.js")).markdown(text);
  return [...root.querySelectorAll("p")].map((one) => one.innerHTML).join("");
}"""
CASES = {
    "**bold *nested* x**": "<strong>bold <em>nested</em> x</strong>",
    "*a **b** c*": "<em>a <strong>b</strong> c</em>",
    "*a **b***": "<em>a <strong>b</strong></em>",
    "__a _b_ c__": "<strong>a <em>b</em> c</strong>",
    "**a** and **b**, *c* and _d_": "<strong>a</strong> and <strong>b</strong>, <em>c</em> and <em>d</em>",
    "a*b*c": "a<em>b</em>c",
    "2 * 3 * 4 ** 2": "2 * 3 * 4 ** 2",
    "snake_case_name, __init__.py": "snake_case_name, <strong>init</strong>.py",
    "`**code**`": "<code>**code**</code>",
    "**a <b>*c*</b>**": "<strong>a &lt;b&gt;<em>c</em>&lt;/b&gt;</strong>",
}
HEAVY = ["**a_a " * 1700, "*a**b" * 2000, "_" * 10_000, "**" * 5000, "*a **b** " * 1100, "[" * 10_000]
SLOW_SECONDS = 5.0
"""For all of the heavy ones, each as long as a text may be; each takes some hundredths of a second."""


@pytest.fixture
def page(site: Site, open_page: OpenPage) -> Page:
    page = open_page()
    page.goto(site.chat)
    return page


def test_emphasis_may_hold_the_other_kind_and_stands_at_words(page: Page) -> None:
    assert {text: page.evaluate(DRAWN, text) for text in CASES} == CASES


def test_no_text_keeps_the_page_busy(page: Page) -> None:
    began = monotonic()
    for text in HEAVY:
        assert page.evaluate(DRAWN, text)
    assert monotonic() - began < SLOW_SECONDS
