"""The system's Chromium, driven by playwright; no browser is ever downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"

# Quiet and without services of the vendor: a test must reach nothing but the servers that it started.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: How a page is looked at: width and height in CSS pixels, colour scheme, touch.
VIEWS = {
    "light": (1280, 800, "light", False),
    "dark": (1280, 800, "dark", False),
    "phone": (390, 844, "light", True),
}


def chromium() -> str:
    """The path of the browser.

    Raises:
        RuntimeError: there is none; the message is the command that installs it.
    """
    found = shutil.which("chromium")
    if found is None:
        raise RuntimeError("the browser tests need Chromium: apt-get install chromium")
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """A running browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def context_for(browser: Browser, view: str = "light") -> BrowserContext:
    """A fresh session of the browser (no cookies), seen as `view` says."""
    width, height, scheme, touch = VIEWS[view]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=touch,
        is_mobile=touch,
        device_scale_factor=1,
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    context.set_default_timeout(30_000)
    return context


def shoot(page: Page, name: str, *, full_page: bool = False) -> Path:
    """Keep a picture of the page as `tests/artefacts/<name>.png`."""
    ARTEFACTS.mkdir(exist_ok=True)
    path = ARTEFACTS / f"{name}.png"
    page.screenshot(path=path, full_page=full_page, animations="disabled")
    return path


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window: more than 0 means a horizontal scroll bar."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
