"""The plan of an update on the owner's page, as people see it: light, dark and on a phone."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import VIEWS, overflow, shoot
from tests.e2e.conftest import OWNER, Site, password_of, sign_in
from tests.e2e.looks import pale_texts, small_targets
from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.processes import Server, clean_environment, script
from tests.support.wheels import manifest_text

pytestmark = pytest.mark.slow

MEMBERS = '[[permissions]]\nresource = "members"\nactions = ["read"]\nreason = "to show who voted"\n'
CHANGELOG = "## 2.0.0\n\n- The sidebar shows who voted\n- A tie is told as a tie\n\n## 1.0.0\n\n- first\n"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMarketplace]:
    with running_marketplace(tmp_path_factory.mktemp("market")) as running:
        for plugin in ("poll", "dice", "weather", "helper"):
            running.publish(plugin)
        yield running


@pytest.fixture(scope="module")
def site(market: RunningMarketplace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("chat") / "data"
    command = [script("jackfield-chat"), "serve", "--data", str(data), "--port", "0", "--marketplace", market.url]
    with Server(command, environment=clean_environment()) as server:
        yield Site(server.address, market.url, password_of(server), data, server)


@pytest.fixture(scope="module")
def newer(site: Site, market: RunningMarketplace) -> None:
    """Newer versions of what is installed: one that asks for more, one security fix, one that is staged."""
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=market.url)
    install = [script("jackfield"), "install", "--yes", "--accept-permissions", "poll", "dice", "weather"]
    subprocess.run(install, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    text = manifest_text("poll", "2.0.0", permissions=MEMBERS, more='[requires]\nhelper = "^1.0"')
    text = text.replace("[host]", "data_version = 2\n\n[host]")
    market.publish("poll", "2.0.0", manifest=text, changelog=CHANGELOG)
    market.run("security", "confirm", "dice", "1.0.1", "a throw can no longer be foretold")
    market.publish("dice", "1.0.1")
    market.run("rollout", "weather", "1.1.0", "0")
    market.publish("weather", "1.1.0")


def keep(page: Page, name: str, view: str) -> None:
    shoot(page, f"{name}-{view}", full_page=True)
    assert overflow(page) == 0
    assert small_targets(page, touch=view == "phone") == []
    assert pale_texts(page) == []


@pytest.mark.parametrize("view", list(VIEWS))
@pytest.mark.usefixtures("newer")
def test_the_page_tells_what_updates_bring(site: Site, open_page: Callable[..., Page], view: str) -> None:
    page = open_page(view)
    sign_in(page, site, OWNER)
    page.goto(f"{site.chat}/plugins")
    page.get_by_role("button", name="Check for updates").click()
    poll = page.get_by_role("region", name="Update of poll to 2.0.0")
    expect(poll).to_contain_text("to show who voted")
    expect(page.locator("[data-plugin=weather]")).to_contain_text("1.1.0 is being rolled out")
    page.locator("#way-poll summary").click()
    page.locator("#ways summary").click()
    keep(page, "chat-updates", view)


@pytest.mark.usefixtures("newer")
def test_later_never_and_the_way_are_said_on_the_page(site: Site, open_page: Callable[..., Page]) -> None:
    page = open_page("light")
    sign_in(page, site, OWNER)
    page.goto(f"{site.chat}/plugins")
    page.get_by_role("button", name="Check for updates").click()
    page.get_by_role("button", name="Later dice 1.0.1").click()
    expect(page.locator("#notices")).to_contain_text("dice 1.0.1 is put off until")
    page.get_by_role("button", name="Ask again dice").click()
    expect(page.get_by_role("button", name="Later dice 1.0.1")).to_be_visible()
    page.get_by_role("button", name="Never dice 1.0.1").click()
    expect(page.locator("[data-plugin=dice]")).to_contain_text("you said never to it")
    page.locator("#way-dice summary").click()
    page.get_by_label("How dice is updated", exact=True).select_option("auto")
    page.get_by_role("button", name="Save how dice is updated").click()
    expect(page.locator("#way-dice summary")).to_have_text("Updates: update by itself")
    expect(page.locator("#way-dice")).to_have_attribute("open", "")
    page.get_by_role("region", name="Update of poll").get_by_role("button", name="Update poll").click()
    expect(page.get_by_role("dialog")).to_contain_text(re.compile("Update Poll 1.0.0 → 2.0.0"))
    shoot(page, "chat-update-consent")
    page.get_by_role("button", name="No, change nothing").click()
    expect(page.locator("#notices")).to_contain_text("Nothing was changed.")
