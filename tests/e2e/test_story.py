"""The story in a browser: sign in, talk, install a plugin as owner, vote, disable it and see its box go; update, undo.

The tests of this module follow one another in one chat.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.demo.wheels import build_wheels, poll_two_source, version_of
from tests.e2e.browser import shoot
from tests.e2e.conftest import Site, say, sign_in, sign_up
from tests.support.processes import clean_environment, script

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]


def test_a_wrong_password_is_told_at_the_form_and_the_name_is_kept(site: Site, open_page: OpenPage) -> None:
    page = open_page()
    page.goto(f"{site.chat}/sign-in")
    page.get_by_label("Name").fill("owner")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".error").first).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("owner")


def test_two_people_talk_on_two_pages(site: Site, open_page: OpenPage) -> None:
    bea, owner = open_page(), open_page()
    sign_up(bea, site, "bea")
    sign_in(owner, site)
    say(bea, "good morning, everyone")
    expect(owner.get_by_role("log")).to_contain_text("good morning, everyone")
    say(owner, "<b>good</b> morning, bea")
    expect(bea.get_by_role("log")).to_contain_text("<b>good</b> morning, bea")
    expect(bea.get_by_role("list").filter(has_text="owner").first).to_be_visible()


def test_the_owner_installs_a_plugin_people_vote_and_it_goes_when_it_is_disabled(
    site: Site, open_page: OpenPage
) -> None:
    owner, carl = open_page(), open_page()
    sign_in(owner, site)
    sign_up(carl, site, "carl")
    expect(carl.get_by_text("No plugin shows anything here.")).to_be_visible()

    install(owner, site, "poll")
    side = carl.get_by_role("complementary", name="Plugins")
    expect(side).to_contain_text("No poll is running.")

    say(carl, "!poll Tea or coffee? | tea | coffee")
    expect(side.get_by_role("button", name="tea")).to_be_visible()
    owner.goto(f"{site.chat}/rooms/lobby")
    owner_side = owner.get_by_role("complementary", name="Plugins")
    owner_side.get_by_role("button", name="tea").click()
    side.get_by_role("button", name="coffee").click()
    for page in (side, owner_side):
        expect(page.get_by_role("img", name="tea: 1, coffee: 1")).to_be_visible()
    say(carl, "!poll close")
    expect(owner.get_by_role("log")).to_contain_text(re.compile(r"result: Tea or coffee\? tea: 1, coffee: 1"))
    expect(owner.locator(".message.by-plugin").last).to_contain_text("Poll")

    disable(owner, site, "poll")
    expect(carl.get_by_text("No plugin shows anything here.")).to_be_visible()
    say(carl, "!vote 1")
    expect(carl.get_by_role("log")).to_contain_text("!vote 1")


def install(page: Page, site: Site, plugin: str) -> None:
    """Install a plugin through the owner's page: search, read what it wants, say yes."""
    page.goto(f"{site.chat}/plugins")
    page.get_by_role("searchbox", name="Search plugins").fill(plugin)
    page.keyboard.press("Enter")
    page.get_by_role("button", name=f"Install {plugin}").click()
    consent = page.get_by_role("dialog")
    expect(consent).to_contain_text("send messages")
    expect(consent).to_contain_text("to post the question and the result")
    expect(consent.get_by_role("button", name=re.compile("^No"))).to_be_focused()
    consent.get_by_role("button", name=re.compile("^Yes")).click()
    expect(page.get_by_role("button", name=f"Disable {plugin}")).to_be_visible()


def disable(page: Page, site: Site, plugin: str) -> None:
    """Disable a plugin through the owner's page."""
    page.goto(f"{site.chat}/plugins")
    page.get_by_role("button", name=f"Disable {plugin}").click()
    expect(page.get_by_role("button", name=f"Enable {plugin}")).to_be_visible()


def test_an_update_asks_for_what_is_new_and_can_be_undone(site: Site, open_page: OpenPage, tmp_path: Path) -> None:
    owner, dora = open_page(), open_page()
    sign_in(owner, site)
    owner.goto(f"{site.chat}/plugins")
    owner.get_by_role("button", name="Enable poll").click()
    expect(owner.get_by_role("button", name="Disable poll")).to_be_visible()
    sign_up(dora, site, "dora")
    side = dora.get_by_role("complementary", name="Plugins")
    say(dora, "!poll Soup? | yes | no")
    side.get_by_role("button", name="yes").click()

    publish(site, build_wheels(tmp_path / "wheels", [poll_two_source(tmp_path)])[0].path)
    owner.get_by_role("button", name="Check for updates").click()
    poll = owner.get_by_role("listitem").filter(has=owner.get_by_role("button", name="Disable poll"))
    expect(poll).to_contain_text("2.0.0")
    expect(poll).to_contain_text("read member names")
    poll.get_by_role("button", name="Update poll").click()
    consent = owner.get_by_role("dialog")
    expect(consent).to_contain_text("read member names (to show who voted)")
    expect(consent).to_contain_text("The sidebar shows who voted")
    shoot(owner, "chat-consent-update-light")
    consent.get_by_role("button", name=re.compile("^No")).click()
    expect(poll).to_contain_text(version_of("poll"))

    owner.get_by_role("button", name="Check for updates").click()
    poll.get_by_role("button", name="Update poll").click()
    consent.get_by_role("button", name=re.compile("^Yes")).click()
    expect(side).to_contain_text("Voted: dora.")

    owner.get_by_role("button", name="Undo the last change").click()
    expect(side).not_to_contain_text("Voted:")
    expect(side).to_contain_text("Soup?")
    expect(poll).to_contain_text(version_of("poll"))


def publish(site: Site, wheel: Path) -> None:
    """Upload a wheel as the one who published the first ones."""
    data = ["--data", str(site.data / "marketplace")]
    token = subprocess.run(
        [script("jackfield-marketplace"), "token", "create", "--user", "operator", *data],
        env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    address = ["--repository-url", f"{site.market}/legacy/", "--config-file", "/dev/null"]
    subprocess.run(
        [script("twine"), "upload", "--non-interactive", *address, "-u", "__token__", "-p", token, str(wheel)],
        env=clean_environment(), check=True, capture_output=True,
    )  # fmt: skip
