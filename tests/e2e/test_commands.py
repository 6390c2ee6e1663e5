"""Commands on the page: what can follow is offered while one writes, by keys and by thumb; help goes by the page."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser import VIEWS, overflow, shoot
from tests.e2e.conftest import Site, say, sign_in, sign_up
from tests.e2e.looks import pale_texts, small_targets
from tests.support.processes import clean_environment, script

pytestmark = pytest.mark.slow

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def playing(site: Site) -> Site:
    """A chat with poll and dice."""
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=site.market)
    install = [script("jackfield"), "install", "--yes", "--accept-permissions", "poll", "dice"]
    subprocess.run(install, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return site


def offered(page: Page) -> list[str]:
    return page.locator("#completions [role=option] b").all_inner_texts()


def hold(page: Page, name: str, *, touch: bool) -> None:
    """Keep the picture, and hold the page to what it owes every reader."""
    shoot(page, name)
    assert overflow(page) == 0
    assert small_targets(page, touch=touch) == []
    assert pale_texts(page) == []


@pytest.mark.feature("M43")
@pytest.mark.parametrize("view", list(VIEWS))
def test_what_can_follow_is_seen_above_the_field(playing: Site, open_page: OpenPage, view: str) -> None:
    page = open_page(view)
    sign_in(page, playing)
    expect(page.locator("#box-list .box")).to_have_count(1)
    page.locator("#text").press_sequentially("!")
    expect(page.locator("#completion-box")).to_be_visible()
    assert offered(page) == ["debug", "help", "perm", "poll", "roll", "vote"]
    expect(page.locator("#completions")).to_contain_text("debug commands, threads", use_inner_text=True)
    expect(page.locator("#completions")).to_contain_text("poll Ask the room", use_inner_text=True)
    page.locator("#text").press("ArrowDown")
    expect(page.locator("#completions [aria-selected=true]")).to_contain_text("debug")
    hold(page, f"completions-{view}", touch=view == "phone")
    for option in page.locator("#completions [role=option]").all():
        box = option.bounding_box()
        assert box is not None
        assert box["height"] >= (44 if view == "phone" else 24)
    page.locator("#text").fill("!poll ")
    expect(page.locator("#completion-usage")).to_have_text("!poll close\n!poll <question> | <answer> | <answer>")
    hold(page, f"completions-usage-{view}", touch=view == "phone")


def test_a_command_is_written_with_keys_alone(playing: Site, open_page: OpenPage) -> None:
    page = open_page()
    sign_up(page, playing, "keys")
    field = page.locator("#text")
    field.press_sequentially("!ro")
    expect(page.locator("#completion-box")).to_be_visible()
    field.press("Tab")
    expect(field).to_have_value("!roll ")
    expect(page.locator("#completions [role=option]")).to_have_count(4)
    expect(page.locator("#completion-usage")).to_have_text("!roll [dice]")
    field.press("ArrowUp")
    expect(field).to_have_attribute("aria-activedescendant", "completion-3")
    field.press("ArrowUp")
    field.press("Enter")  # takes what is chosen, and sends nothing
    expect(field).to_have_value("!roll d20 ")
    field.press("Escape")
    expect(page.locator("#completion-box")).to_be_hidden()
    field.press("Enter")
    expect(page.locator("#messages")).to_contain_text("keys rolled")
    expect(field).to_have_value("")
    expect(page.locator("#completion-box")).to_be_hidden()


def test_a_thumb_takes_one_and_other_characters_do_not_shift_it(playing: Site, open_page: OpenPage) -> None:
    page = open_page("phone")
    sign_up(page, playing, "thumb")
    field = page.locator("#text")
    field.fill("!po 🎲🎲")
    field.evaluate("(field) => field.setSelectionRange(3, 3)")
    field.dispatch_event("input")
    page.locator("#completions [role=option]", has_text="poll").tap()
    expect(field).to_have_value("!poll 🎲🎲")
    expect(field).to_be_focused()
    field.fill("🎲 !po")
    expect(page.locator("#completion-box")).to_be_hidden()


@pytest.mark.feature("M44")
def test_help_and_a_mistake_are_read_on_the_page(playing: Site, open_page: OpenPage) -> None:
    page = open_page()
    sign_up(page, playing, "reader")
    say(page, "!help vote")
    answer = page.locator("#answers .answer")
    expect(answer.locator("h3")).to_have_text("!vote <number>")
    expect(answer).to_contain_text("a whole number from 1 to 10")
    say(page, "!vote tea")
    expect(page.locator("#text-error")).to_contain_text("number must be a whole number from 1 to 10: !vote ‹tea›")
    expect(page.locator("#text")).to_have_value("!vote tea")
    expect(page.locator("#messages")).not_to_contain_text("!vote tea")
    shoot(page, "help-and-mistake")
