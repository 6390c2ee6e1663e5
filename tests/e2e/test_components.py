"""What plugins show, in a browser: each component and field once, used as people do, and what a hostile one tries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import VIEWS, overflow, shoot
from tests.e2e.components import PERMISSIONS, OpenPage, plugins
from tests.e2e.conftest import Site, sign_in
from tests.e2e.looks import pale_texts, small_targets
from tests.support.wheels import WheelSource, build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C18")]

EMPTY = "\u2013"  # what stands in a cell without a value
GALLERY = Path(__file__).parent / "gallery" / "chat_gallery"

MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
HOSTILE = f"""
from jackfield import Plugin
from jackfield.api import Button, Chart, Field, Form, Image, List, Markdown, MenuItem, Progress, Table, Text

EVIL = {MARKUP!r}
LONG = "W" * 100_000


class Main(Plugin):
    def on_enable(self):
        add = self.context.ui.add_component
        fields = tuple(Field(EVIL + kind, EVIL, kind, EVIL, (EVIL,)) for kind in ("text", "multiline", "choice"))
        add("markup", List((
            Text(EVIL), Markdown(EVIL), Markdown("[click](javascript:document.title='owned')"),
            Table((EVIL,), ((EVIL,),)), Button(EVIL, EVIL), Form(fields, EVIL, EVIL),
            Chart((EVIL,), (1,), unit=EVIL), Progress(1, 2, EVIL),
        )), title=EVIL, on_action=self.act)
        add("svg", Image(b"<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='owned'</script></svg>",
            "image/svg+xml", "A drawing"), title="Svg")
        add("long", List((
            Text(LONG), Markdown(LONG), Markdown("[" * 100_000), Button(LONG, "a"), Progress(1, 2, LONG),
            Table((LONG, "b"), ((LONG, 1),)), Chart((LONG, "b"), (1, 2), unit=LONG),
            Form((Field("f", LONG, value=LONG),), "b", LONG),
        )), title=LONG)
        add("rows", Table(("n", "square"), tuple((n, n * n) for n in range(10_000))), title="Rows")
        add("wide", Table(tuple(f"column {{n}}" for n in range(100)), (tuple(range(100)),)), title="Wide")
        add("huge", List((
            Table(("n",), ((10**5000,), (1e308,), (float("nan"),), (float("-inf"),))),
            Chart(("a", "b"), (1e308, -1e308)), Chart(("a", "b"), (5e-324, 0), kind="line"), Progress(1e308, 1.0),
        )), title="Huge")
        add("nan", Chart(("a",), (float("nan"),)), title="Nan")
        header = b"\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR"
        add("torn", Image(header + b"\\0\\0\\0\\7" * 2 + b"torn", "image/png", "A torn picture"), title="Torn")
        add("bomb", Image(header + b"\\0\\1\\0\\0" * 2, "image/png", "Everything"), title="Bomb")
        add("text", Image(b"no picture", "image/png", "None"), title="No image")
        add("ragged", Table(("a", "b"), ((1,),)), title="Ragged")
        add("none", lambda: None, title="None")
        for name, label in (("größe", "Size"), ("grüße", "Greeting")):
            add(name, Form((Field("the text", label, required=True),), name, "Keep " + label), title=label,
                on_action=self.act)
        add("empty", Chart((), ()), title="No numbers")
        add("below", Text("Nobody's letters stand here"), title="Below")
        add("tall", Text("Z" + "\\u0301" * 500), title="Tall")
        loop = []
        endless = List(loop)
        loop.append(endless)
        add("endless", endless, title="Endless")
        self.context.ui.add_menu_item(MenuItem("evil", EVIL + "W" * 5000), self.choose)

    def act(self, action, values, user):
        raise ValueError(EVIL)

    def choose(self, user):
        raise RuntimeError(EVIL)
"""


@pytest.fixture(params=list(VIEWS))
def view(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def gallery(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    files: dict[str, str | bytes] = {f"chat_gallery/{path.name}": path.read_text() for path in GALLERY.glob("*.*")}
    source = WheelSource(
        "chat-gallery", files=files, entry_points={"chat.plugins": {"gallery": "chat_gallery:Gallery"}}
    )
    wheel = source.build(tmp_path_factory.mktemp("wheels"))
    plugins(site, "install", "--yes", "--accept-permissions", str(wheel))
    return site


@pytest.fixture(scope="module")
def hostile(gallery: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The gallery beside a plugin that means harm: after the tests of the gallery alone."""
    # Out of a process of its own it cannot even say this: what is too long does not cross.
    wheel = build_plugin(
        tmp_path_factory.mktemp("wheels"), "hostile", code=HOSTILE, permissions=PERMISSIONS, isolation="inline"
    )
    plugins(gallery, "install", "--yes", "--accept-permissions", str(wheel))
    yield gallery
    plugins(gallery, "disable", "hostile")


@pytest.fixture
def page(open_page: OpenPage, view: str) -> Iterator[Page]:
    """A page on which no script of a plugin may run, and none of ours fail."""
    complaints: list[str] = []
    page = open_page(view)
    page.on("console", lambda message: complaints.extend([message.text] if message.type == "error" else []))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


def enter(page: Page, site: Site, view: str) -> None:
    sign_in(page, site)
    if view == "phone":
        page.get_by_role("button", name="Plugins of this chat").click()


def box(page: Page, name: str, plugin: str = "gallery") -> Locator:
    found = page.locator(f'[data-box="{plugin}:{name}"]')
    found.wait_for()
    return found


def keep(page: Page, name: str, view: str) -> None:
    shoot(page, f"{name}-{view}")
    assert overflow(page) == 0
    assert small_targets(page, touch=view == "phone") == []
    assert pale_texts(page) == []


def test_each_component_is_shown_and_can_be_read_without_seeing_it(gallery: Site, page: Page, view: str) -> None:
    enter(page, gallery, view)
    words = box(page, "words")
    assert words.get_by_role("heading", name="Notes").is_visible()
    assert words.locator("strong").inner_text() == "new"
    assert words.get_by_role("link", name="the kitchen").get_attribute("href") == "https://example.org/kitchen"
    assert words.get_by_text("<b>shown, not obeyed</b>").is_visible()
    assert words.locator("ol > li").all_inner_texts() == ["first", "second"]
    picture = words.get_by_role("img", name="A green field")
    assert picture.evaluate("one => one.naturalWidth") == 64
    numbers = box(page, "numbers")
    table = numbers.get_by_role("region", name="Table: Dish, Left, Hot")
    assert table.locator("tbody tr").first.locator("td").all_inner_texts() == ["Soup", "1,234", "yes"]
    assert table.locator("tbody tr").last.locator("td").all_inner_texts() == ["Bread", EMPTY, EMPTY]
    assert numbers.get_by_role("img", name="Soup: 12 plates, Salad: -3.5 plates").is_visible()
    assert numbers.get_by_role("img", name="May: 3, June: 9, July: 4").is_visible()
    bars = numbers.locator("svg").first.locator("rect.bar-shape")
    soup, salad = (bars.nth(index).bounding_box() for index in range(2))
    assert soup is not None
    assert salad is not None
    assert soup["width"] / salad["width"] == pytest.approx(12 / 3.5, rel=0.02)
    assert salad["x"] + salad["width"] == pytest.approx(soup["x"], abs=1)
    numbers.get_by_text("Show as a table").first.click()
    behind = numbers.locator("details").first
    assert behind.locator("tbody td").all_inner_texts() == ["Soup", "12", "Salad", "-3.5"]
    assert numbers.get_by_role("progressbar", name="Eaten: 3 of 12").get_attribute("value") == "0.25"
    assert numbers.get_by_text("50 %").is_visible()
    assert "ValueError: no paint" in box(page, "broken").inner_text()
    if view != "phone":
        place = page.get_by_role("region", name="Plugins in this room")
        assert place.get_by_text("The kitchen closes at nine.").is_visible()
    keep(page, "components", view)
    box(page, "numbers").scroll_into_view_if_needed()
    keep(page, "components-numbers", view)


def test_buttons_reach_the_plugin_with_their_values(gallery: Site, page: Page, view: str) -> None:
    enter(page, gallery, view)
    words = box(page, "words")
    words.get_by_role("button", name="Forget").click()
    words.get_by_text("Pressed 0 times").wait_for()
    words.get_by_role("button", name="Press", exact=True).click()
    words.get_by_text("Pressed 1 times").wait_for()
    words.get_by_role("button", name="Press", exact=True).click()
    words.get_by_text("Pressed 2 times").wait_for()


def test_a_form_says_what_is_wrong_at_the_field_and_keeps_what_was_typed(gallery: Site, page: Page, view: str) -> None:
    enter(page, gallery, view)
    order = box(page, "order")
    order.get_by_label("Plates").fill("a few")
    order.get_by_label("Salt in grams").fill("pinch")
    order.get_by_label("Wishes").fill("two\nlines")
    order.get_by_label("In a hurry").check()
    order.get_by_role("button", name="Order").click()
    order.get_by_text("expected a whole number").wait_for()
    wrong = order.locator(".field .error:visible").all_inner_texts()
    assert wrong == [
        "choose one of those offered",
        "must not be empty",
        "expected a whole number",
        "expected a number",
    ]
    assert order.get_by_label("Plates").get_attribute("aria-invalid") == "true"
    assert order.get_by_label("Dish").evaluate("one => one === document.activeElement")
    keep(page, "components-form", view)
    order.get_by_label("Dish").select_option("salad")
    order.get_by_label("Your name").fill("Ann")
    order.get_by_label("Plates").fill("11")
    order.get_by_label("Salt in grams").fill("0.5")
    box(page, "words").get_by_role("button", name="Press", exact=True).click()  # every box is told anew
    order.get_by_role("button", name="Order").click()
    order.get_by_text("the kitchen has ten").wait_for()
    assert order.locator(".field .error:visible").count() == 1
    assert order.get_by_label("Plates").evaluate("one => one === document.activeElement")
    assert order.get_by_label("Dish").input_value() == "salad"
    assert order.get_by_label("Wishes").input_value() == "two\nlines"
    assert order.get_by_label("In a hurry").is_checked()
    order.get_by_label("Plates").fill("3")
    order.get_by_role("button", name="Order").click()
    sent = "{'dish': 'salad', 'name': 'Ann', 'plates': 3, 'salt': 0.5, 'wish': 'two\\nlines', 'hurry': True}"
    order.get_by_text(f"owner: {sent}").last.wait_for()
    order.locator(".field .error:visible").first.wait_for(state="detached")
    expect(order.get_by_label("Your name")).to_have_value("")
    assert order.get_by_label("Plates").input_value() == "1"


@pytest.mark.feature("C19")
def test_a_menu_item_is_clicked(gallery: Site, page: Page, view: str) -> None:
    sign_in(page, gallery)
    before = page.get_by_role("log").get_by_text("owner rings the bell").count()
    page.locator("summary", has_text="Menu").click()
    page.get_by_role("button", name="Ring the bell").wait_for()
    keep(page, "components-menu", view)
    page.get_by_role("button", name="Ring the bell").click()
    page.get_by_role("log").get_by_text("owner rings the bell").nth(before).wait_for()
    assert not page.get_by_role("button", name="Ring the bell").is_visible()


@pytest.mark.feature("C19")
def test_what_a_plugin_writes_is_shown_and_never_obeyed(hostile: Site, page: Page, view: str) -> None:
    enter(page, hostile, view)
    markup = box(page, "markup", "hostile")
    assert markup.locator("script, img").count() == 0
    assert markup.get_by_text(MARKUP).count() >= 6
    assert markup.get_by_text("[click](javascript:").is_visible()
    assert markup.locator("a").count() == 0
    markup.get_by_role("button", name=MARKUP).last.click()
    markup.locator(".problem:visible").wait_for()
    assert MARKUP in markup.locator(".problem").inner_text()
    assert box(page, "svg", "hostile").get_by_role("img", name="A drawing").count() == 1
    page.keyboard.press("Escape")
    page.locator("summary", has_text="Menu").click()
    item = page.locator("#menu-items").get_by_role("button", name="onerror")
    keep(page, "components-hostile-menu", view)
    item.click()
    page.locator("#text-error:visible").wait_for()
    assert "<script>" in page.locator("#text-error").inner_text()
    assert page.title() != "owned"


def test_each_field_has_a_label_of_its_own_however_boxes_are_called(hostile: Site, page: Page, view: str) -> None:
    enter(page, hostile, view)
    for name, label in (("größe", "Size"), ("grüße", "Greeting")):
        form = box(page, name, "hostile")
        form.locator("label").click()
        assert form.get_by_label(label).evaluate("one => one === document.activeElement")
        form.get_by_role("button", name=f"Keep {label}").click()
        form.get_by_text("must not be empty").wait_for()
        told = form.get_by_label(label).evaluate(
            "one => one.ariaDescribedByElements?.map((each) => each.textContent)"
            " ?? document.getElementById(one.getAttribute('aria-describedby'))?.textContent"
        )
        assert told in (["must not be empty"], "must not be empty")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_no_box_is_drawn_over_another(hostile: Site, page: Page, view: str) -> None:
    enter(page, hostile, view)
    below, tall = box(page, "below", "hostile"), box(page, "tall", "hostile")
    below.scroll_into_view_if_needed()
    alone = tall.evaluate("one => one.style.visibility = 'hidden'") and below.screenshot(animations="disabled")
    tall.evaluate("one => one.style.visibility = 'visible'")
    assert below.screenshot(animations="disabled") == alone


def test_a_chart_of_nothing_says_so(hostile: Site, page: Page, view: str) -> None:
    enter(page, hostile, view)
    assert box(page, "empty", "hostile").get_by_text("No values yet.").is_visible()


def test_too_much_is_cut_and_what_has_no_meaning_is_said_in_its_own_box(hostile: Site, page: Page, view: str) -> None:
    enter(page, hostile, view)
    rows = box(page, "rows", "hostile")
    assert rows.locator("tbody tr").count() == 200
    assert rows.get_by_text("Not shown: 9,800 more rows.").is_visible()
    assert box(page, "wide", "hostile").get_by_text("Not shown: 70 more columns.").is_visible()
    numbers = box(page, "huge", "hostile").locator("tbody").first.locator("td").all_inner_texts()
    assert numbers == ["1e+5000 (about)", "1e+308", "not a number", "-∞"]
    assert box(page, "huge", "hostile").locator("svg").count() == 2
    assert len(box(page, "long", "hostile").inner_text()) < 40_000
    told = {
        "nan": "the value of a is nan",
        "text": "the bytes of an image are not of image/png",
        "bomb": "an image of 65,536 x 65,536 pixels",
        "ragged": "row 1 of a table has 1 cells for 2 columns",
        "none": "was drawn as NoneType, which is no component",
    }
    for name, why in told.items():
        assert why in box(page, name, "hostile").locator(".error").first.inner_text()
    torn = box(page, "torn", "hostile").get_by_text("A picture that cannot be shown: A torn picture")
    torn.scroll_into_view_if_needed()
    torn.wait_for()
    assert box(page, "endless", "hostile").get_by_text("…").is_visible()
    for name in ("markup", "long", "wide", "huge", "torn", "endless"):
        shown = box(page, name, "hostile")
        assert shown.evaluate("one => one.scrollWidth - one.clientWidth") <= 0, name
    page.locator("#box-list").evaluate("one => one.parentElement.scrollTop = one.parentElement.scrollHeight")
    assert page.locator("#boxes").evaluate("one => one.scrollWidth - one.clientWidth") == 0
    keep(page, "components-hostile", view)
    box(page, "words").get_by_role("button", name="Press", exact=True).click()
