"""The pages in a browser: light, dark, phone; nothing breaks the policy, scrolls sideways or calls out."""

from pathlib import Path

import pytest
from jackfield_marketplace.catalog import feature
from playwright.sync_api import Browser, Page

from tests.e2e.browser import launched
from tests.support.wheels import manifest_text, plugin_source

pytestmark = pytest.mark.slow
ARTEFACTS = Path(__file__).parents[1] / "artefacts" / "marketplace"
PERMISSIONS = """
[[permissions]]
resource = "messages"
actions = ["read", "send"]
reason = "answers !poll and posts results"
[[permissions]]
resource = "network"
actions = ["listen"]
hosts = ["127.0.0.1:8080"]
reason = "takes votes from the terminal"
"""
LAYOUTS = [("light", 1200), ("dark", 1200), ("light", 320), ("dark", 390)]


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture
def filled(market):
    source = plugin_source(
        "poll", manifest=manifest_text("poll", permissions=PERMISSIONS), changelog="## 1.0.0\n\n- new\n"
    )
    source.metadata_lines = ["Keywords: fun,productivity", "Project-URL: Source, https://example.org/poll"]
    source.readme = (
        "# Poll\n\n"
        + "Ask the room. " * 30
        + "\n\n```\n!poll "
        + "lunch? " * 40
        + "\n```\n\n![shot](https://example.org/a.png)\n"
    )
    assert market.upload(source.build(market.wheels)).status_code == 200
    market.publish("dice")
    with market.database.write() as session:
        feature(session, "poll")
    return market


def opened(browser: Browser, scheme: str, width: int) -> tuple[Page, list[str]]:
    """A page, and the list that its complaints and its requests to elsewhere end up in."""
    phone = width < 500
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 800},
        has_touch=phone,
        is_mobile=phone,
    )
    page, complaints = context.new_page(), []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if "127.0.0.1" not in request.url else None)
    return page, complaints


@pytest.mark.parametrize(("scheme", "width"), LAYOUTS)
def test_every_page_fits_and_calls_nobody(browser, filled, scheme, width):
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page, complaints = opened(browser, scheme, width)
    for name, address in (
        ("home", "/"),
        ("search", "/search?q=po"),
        ("none", "/search?q=zzz"),
        ("plugin", "/plugin/poll"),
    ):
        page.goto(filled.url + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.screenshot(path=ARTEFACTS / f"{name}-{scheme}-{width}.png", full_page=True)
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser, filled, scheme):
    page, _ = opened(browser, scheme, 1200)
    page.goto(f"{filled.url}/plugin/poll")
    colours = page.evaluate(
        """() => [".quiet", ".high .risk", ".medium .risk", "a[href]", "body", ".find button"].map(selector => {
            const element = document.querySelector(selector);
            const behind = selector === ".find button" ? element : document.body;
            const numbers = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
            const [front, ground] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
            return [selector, numbers(front), numbers(ground)];
        })"""
    )
    for selector, front, ground in colours:
        assert contrast(front, ground) >= 4.5, selector
    page.context.close()


def contrast(one: list[float], other: list[float]) -> float:
    """The contrast ratio of two colours (WCAG 2.2, 1.4.3)."""

    def luminance(colour: list[float]) -> float:
        parts = [part / 255 for part in colour]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_install_line_is_copied(browser, filled):
    page, complaints = opened(browser, "light", 1200)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{filled.url}/plugin/poll")
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "jackfield install poll"
    assert complaints == []
    page.context.close()


def test_search_and_filter_work_without_a_script(browser, filled):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(filled.url)
    page.get_by_role("searchbox").fill("po")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Category").select_option("fun")
    page.get_by_role("button", name="Show").click()
    assert page.locator(".name").all_inner_texts() == ["Poll"]
    page.get_by_role("link", name="Poll").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("Poll")
    assert not page.get_by_role("button", name="Copy").is_visible()
    context.close()
