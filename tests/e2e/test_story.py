"""The story in a browser: sign in, talk, install a plugin as owner, vote, disable it and see its box go."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site, say, sign_in, sign_up

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
