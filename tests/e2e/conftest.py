"""What the browser tests share: one browser, and for each module a chat with its own marketplace, as by `make run`."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.demo.wheels import build_wheels
from tests.e2e.browser import context_for, launched, shoot
from tests.support.processes import Server, clean_environment, script

OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Site:
    """A running chat with its marketplace.

    Args:
        chat: its address.
        market: the marketplace's address.
        password: the owner's first password.
        data: the chat's data folder.
        server: the process.
    """

    chat: str
    market: str
    password: str
    data: Path
    server: Server


@pytest.fixture(scope="module")  # while it lasts, no other event loop runs in this process
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    build_wheels(folder / "wheels")
    command = [script("jackfield-chat"), "serve", "--data", str(folder / "chat"), "--port", "0"]
    command += ["--with-marketplace", "--market-port", "0", "--seed", str(folder / "wheels")]
    with Server(command, environment=clean_environment(), ready=2) as server:
        market, chat = server.addresses
        yield Site(chat, market, password_of(server), folder / "chat", server)


def password_of(server: Server) -> str:
    """The one word after "password" in what the first start prints."""
    for line in server.lines:
        if match := re.search(r"password\S*\s+(?:is\s+)?(\S+)", line):
            return match[1].rstrip(".,")
    raise AssertionError(f"the first start prints no password:\n{server.output}")


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Open pages in sessions of their own; when the test fails, each leaves a picture."""
    pages: list[Page] = []

    def open_(view: str = "light") -> Page:
        page = context_for(browser, view).new_page()
        pages.append(page)
        return page

    yield open_
    failed = request.node.stash.get(FAILED, False)
    for number, page in enumerate(pages, 1):
        if failed:
            shoot(page, f"failed-{request.node.name}-{number}")
        page.context.close()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember on the item whether its body failed, for the pictures that a failure leaves."""
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


def sign_in(page: Page, site: Site, name: str = OWNER, password: str | None = None) -> None:
    """Sign in through the page."""
    page.goto(f"{site.chat}/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password or site.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/rooms/*")


def sign_up(page: Page, site: Site, name: str, password: str = "correct horse battery") -> None:
    """Make an account through the page."""
    page.goto(f"{site.chat}/sign-up")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Make account").click()
    page.wait_for_url("**/rooms/*")


def say(page: Page, text: str) -> None:
    """Write a line in the open room."""
    page.get_by_role("textbox", name=re.compile("^Message to")).fill(text)
    page.keyboard.press("Enter")
