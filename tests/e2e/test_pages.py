"""Every page, light, dark and on a phone: a picture each.

None scrolls sideways, has a control too small to hit or a text too pale to read, or makes the browser complain.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request

from tests.e2e.browser import VIEWS, overflow, shoot
from tests.e2e.conftest import Site, say, sign_in
from tests.e2e.looks import pale_texts, small_targets
from tests.support.chat_client import Member
from tests.support.processes import clean_environment, script
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]
PASSWORD = "correct horse battery"
SETTINGS = """
[contributes]
settings = [
  { key = "place", default = "Vienna", label = "Place", description = "where the forecast is for", maximum = 20 },
  { key = "days", type = "integer", default = 3, minimum = 1, maximum = 10, label = "Days" },
  { key = "warn", type = "boolean", default = true, label = "Warn of storms", description = "in every room" },
  { key = "units", type = "choice", choices = ["metric", "imperial"], label = "Units" },
  { key = "quiet", type = "list", label = "Quiet rooms", description = "rooms that hear no forecast" },
  { key = "sound", type = "path", exists = "file", label = "Bell" },
  { key = "token", type = "secret", label = "Access token", description = "from the weather service" },
]
"""


@pytest.fixture(params=list(VIEWS))
def view(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def busy(site: Site) -> Iterator[Site]:
    """The chat with plugins at work, and people who use them and stay."""
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=site.market)
    install = [script("jackfield"), "install", "--yes", "--accept-permissions", "poll", "dice"]
    subprocess.run(install, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    with (
        Member(site.chat, "ann", PASSWORD, sign_up=True) as ann,
        Member(site.chat, "carl", PASSWORD, sign_up=True) as carl,
    ):
        ann.boxes(lambda boxes: "No poll is running" in boxes)
        ann.say("Shall we have something to drink?")
        ann.say("!poll Tea or coffee? | tea | coffee | water")
        carl.say("!vote 2")
        ann.say("!vote 1")
        carl.say("And who fetches it? The lowest throw.")
        carl.say("!roll 2d6")
        ann.say("!roll 2d6")
        yield site


def failures(request: Request) -> list[str]:
    """What failed, if the server is to blame: what the browser drops because the page is left is nobody's fault."""
    return [] if request.failure == "net::ERR_ABORTED" else [f"{request.url} failed: {request.failure}"]


def complaint(message: ConsoleMessage) -> list[str]:
    """What the browser complains of; that a form was refused (422), it says of every one that should be."""
    refused = "status of 422" in message.text
    return [message.text] if message.type in {"error", "warning"} and not refused else []


@pytest.fixture
def page(open_page: OpenPage, view: str) -> Iterator[Page]:
    """A page that must give the browser nothing to complain of, such as a refused script or a missing file."""
    complaints: list[str] = []
    page = open_page(view)
    page.on("console", lambda message: complaints.extend(complaint(message)))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.extend(failures(request)))
    yield page
    assert complaints == []


def keep(page: Page, name: str, view: str, *, full_page: bool = False) -> None:
    """Keep the picture, and hold the page to what it owes every reader."""
    shoot(page, f"{name}-{view}", full_page=full_page)
    assert overflow(page) == 0, f"{name} is {overflow(page)} px too wide on {view}"
    assert small_targets(page, touch=view == "phone") == []
    assert pale_texts(page) == []


def test_sign_in(site: Site, page: Page, view: str) -> None:
    page.goto(f"{site.chat}/sign-in")
    keep(page, "chat-sign-in", view)


def test_market_home(site: Site, page: Page, view: str) -> None:
    page.goto(site.market)
    assert page.get_by_text("Poll", exact=True).first.is_visible()
    keep(page, "market-home", view, full_page=True)


def test_market_search(site: Site, page: Page, view: str) -> None:
    page.goto(site.market)
    page.get_by_role("searchbox").first.fill("dice")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=dice*")
    keep(page, "market-search", view, full_page=True)


def test_market_search_without_results_says_what_to_do(site: Site, page: Page, view: str) -> None:
    page.goto(site.market)
    page.get_by_role("searchbox").first.fill("zzzzzz")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=zzzzzz*")
    keep(page, "market-nothing", view)


def test_market_plugin_page(site: Site, page: Page, view: str) -> None:
    page.goto(site.market)
    page.get_by_role("link", name="Poll").first.click()
    page.wait_for_url("**poll*")
    assert page.get_by_text("to keep the running poll").first.is_visible()
    keep(page, "market-plugin", view, full_page=True)


def test_room(site: Site, page: Page, view: str) -> None:
    sign_in(page, site)
    say(page, f"good morning from a {view} page")
    page.get_by_text(f"good morning from a {view} page").wait_for()
    keep(page, "chat-room", view)


def test_plugins_and_consent(site: Site, page: Page, view: str) -> None:
    sign_in(page, site)
    page.goto(f"{site.chat}/plugins?q=")
    page.get_by_role("button", name="Install welcome").wait_for()
    # The page's title stands over its lists, not at the edge of the window.
    left = [page.locator(place).evaluate("it => it.getBoundingClientRect().x") for place in ("h1", "#installed-title")]
    assert left[0] == left[1] > 0
    keep(page, "chat-plugins", view, full_page=True)
    page.get_by_role("button", name="Install welcome").click()
    consent = page.get_by_role("dialog")
    consent.get_by_text("to greet each member only once").first.wait_for()
    keep(page, "chat-consent", view)
    consent.get_by_role("button", name="No").click()
    page.get_by_role("button", name="Install welcome").wait_for()


def test_room_with_a_poll(busy: Site, page: Page, view: str) -> None:
    sign_in(page, busy)
    page.get_by_role("log").get_by_text("asks: Tea or coffee?").wait_for()
    side = page.get_by_role("complementary", name="Plugins", include_hidden=True)
    side.get_by_role("button", name="coffee", include_hidden=True).wait_for(state="attached")
    keep(page, "chat-poll", view)
    if view == "phone":
        page.get_by_role("button", name="Plugins of this chat").click()
        side.get_by_role("button", name="coffee").wait_for()
        keep(page, "chat-poll-sidebar", view)


def test_plugins_installed(busy: Site, page: Page, view: str) -> None:
    sign_in(page, busy)
    page.goto(f"{busy.chat}/plugins?q=")
    page.get_by_role("button", name="Disable poll").wait_for()
    keep(page, "chat-plugins-installed", view, full_page=True)


@pytest.mark.feature("C31")
def test_what_plugins_did(busy: Site, page: Page, view: str) -> None:
    sign_in(page, busy)
    page.goto(f"{busy.chat}/plugins")
    page.get_by_role("link", name="What they did").click()
    page.get_by_role("heading", name="In numbers").wait_for()
    assert page.get_by_role("img", name="Poll").first.is_visible()
    keep(page, "figures", view, full_page=True)
    page.get_by_role("link", name="Poll", exact=True).click()
    page.get_by_role("rowheader", name="command poll").wait_for()
    keep(page, "figures-plugin", view, full_page=True)


STORMY = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        self.context.logger.info("asked for the forecast", extra={"place": "Vienna", "days": 3})
        self.context.logger.warning("the forecast is two days old")
        try:
            raise ValueError("no forecast for a place called " + "Nowhere" * 12)
        except ValueError:
            self.context.logger.exception("there is no forecast at all")
"""


@pytest.mark.feature("U39")
def test_the_log_of_a_plugin_that_failed(site: Site, page: Page, view: str, tmp_path: Path) -> None:
    wheel = build_plugin(tmp_path, "stormy", "1.0.0", code=STORMY)
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=site.market)
    install = [script("jackfield"), "install", "--yes", "--accept-permissions", str(wheel)]
    done = subprocess.run(
        install, env=environment, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    sign_in(page, site)
    page.goto(f"{site.chat}/plugins")
    while page.get_by_role("link", name="Log of stormy").count() == 0:  # until the chat has followed
        page.reload()
    page.get_by_role("link", name="Log of stormy").click()
    page.get_by_text("the forecast is two days old").wait_for()
    page.get_by_text("What happened").first.click()
    page.get_by_text("in on_enable").first.wait_for()
    keep(page, "plugin-log", view, full_page=True)


@pytest.fixture(scope="module")
def talkative(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The chat with a plugin that waits for consent, and asks for it in more words than a window holds."""
    asked = "".join(
        f'[[permissions]]\nresource = "{resource}"\nactions = ["{action}"]\nreason = "{reason}"\n'
        for resource, action, reason in (
            ("files", "write", "to tidy up"),
            ("messages", "read", "so that " + "it knows, and " * 28),
            ("messages", "send", "so that " + "all know, and " * 28),
            ("members", "read", "so that " + "it greets, and " * 26),
        )
    )
    wheel = build_plugin(tmp_path_factory.mktemp("wheels"), "talkative", permissions=asked, isolation="worker")
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=site.market)
    for words in (
        ["install", "--yes", "--accept-permissions", str(wheel)],
        ["disable", "talkative"],
        ["permissions", "revoke", "talkative", "--all"],
    ):
        command = [script("jackfield"), *words]
        subprocess.run(command, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return site


def test_a_long_consent_begins_with_what_is_risky_and_no_is_at_hand(talkative: Site, page: Page, view: str) -> None:
    sign_in(page, talkative)
    page.goto(f"{talkative.chat}/plugins")
    while page.get_by_role("button", name="Enable talkative").count() == 0:  # until the chat has followed
        page.reload()
    page.get_by_role("button", name="Enable talkative").click()
    consent = page.get_by_role("dialog")
    no = consent.get_by_role("button", name="No, change nothing")
    no.wait_for()
    assert no.evaluate("one => one === document.activeElement")
    assert consent.evaluate("one => one.scrollTop") == 0
    for seen in (consent.get_by_text("(to tidy up)"), no, consent.get_by_role("button", name="Yes, enable")):
        where = seen.evaluate("one => { const box = one.getBoundingClientRect(); return [box.top, box.bottom]; }")
        assert 0 <= where[0] < where[1] <= page.evaluate("innerHeight")
    keep(page, "chat-consent-long", view)
    no.click()


def test_a_long_consent_in_a_room_is_read_from_its_beginning(talkative: Site, page: Page) -> None:
    sign_in(page, talkative)
    say(page, "/plugins enable talkative")
    question = page.locator("#answers h3")
    question.wait_for()
    page.get_by_role("button", name="Send").and_(page.locator(":enabled:not([aria-busy=true])")).wait_for()
    page.wait_for_timeout(300)
    top = "one => one.getBoundingClientRect().top - one.closest('.scroll').getBoundingClientRect().top"
    assert 0 <= question.evaluate(top) < 100


WORDY = """
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self): raise ValueError("x" * 3000)
"""


@pytest.mark.feature("C46", "U39")
def test_the_page_holds_what_a_plugin_that_was_taken_out_again_said(
    site: Site, page: Page, view: str, tmp_path: Path
) -> None:
    wheel = build_plugin(tmp_path, f"wordy-{view}", "1.0.0", code=WORDY)
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=site.market)
    install = [script("jackfield"), "install", "--yes", "--accept-permissions", str(wheel)]
    subprocess.run(install, env=environment, check=False, capture_output=True, stdin=subprocess.DEVNULL)
    sign_in(page, site)
    page.goto(f"{site.chat}/plugins")
    told = page.locator(f'[data-failed="wordy-{view}"]')
    while told.count() == 0:  # until the chat has followed
        page.reload()
    assert len(told.locator(".error").inner_text()) < 700
    keep(page, "chat-plugins-taken-out", view, full_page=True)
    told.get_by_role("button", name="Allow it again").click()
    told.wait_for(state="detached")


@pytest.fixture(scope="module")
def configurable(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The chat with a plugin that lets its owner set one thing of each type."""
    wheel = build_plugin(tmp_path_factory.mktemp("wheels"), "weather", more=SETTINGS)
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=site.market)
    install = [script("jackfield"), "install", "--yes", "--accept-permissions", str(wheel)]
    subprocess.run(install, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return site


@pytest.mark.feature("C22")
def test_settings(configurable: Site, page: Page, view: str) -> None:
    sign_in(page, configurable)
    page.goto(f"{configurable.chat}/plugins")
    page.get_by_role("link", name="Settings of weather").click()
    page.get_by_role("heading", name="Settings of Weather").wait_for()
    keep(page, "settings", view, full_page=True)
    page.get_by_label("Days").fill("99")
    page.get_by_label("Place").fill("Graz")
    with page.expect_response(lambda response: response.status == 422):
        page.get_by_role("button", name="Save").click()
    page.get_by_text("99 is above 10").wait_for()
    assert page.get_by_label("Days").input_value() == "99"
    page.locator("[name=set-days]:focus").wait_for()
    keep(page, "settings-refused", view, full_page=True)
    page.get_by_label("Days").fill("7")
    page.get_by_label("Access token").fill("hush-hush")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("were saved.").or_(page.get_by_text("was saved.")).wait_for()
    assert page.get_by_label("Access token").input_value() == ""
    keep(page, "settings-saved", view, full_page=True)
