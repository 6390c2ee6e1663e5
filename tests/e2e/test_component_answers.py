"""What is said to whoever presses a plugin's button, and how long it stays, in a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.components import PERMISSIONS, OpenPage, plugins
from tests.e2e.conftest import Site, sign_in
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C18")]

HANGS = """
from jackfield import Plugin
from jackfield.api import Button

class Main(Plugin):
    def on_enable(self):
        self.context.ui.add_component("box", Button("Hang", "hang"), title="Hangs", on_action=self.hang)

    def hang(self, action, values, user):
        while True:
            pass
"""


def test_who_pressed_a_button_is_told_that_the_worker_was_stopped_though_its_box_went_with_it(
    site: Site, open_page: OpenPage, tmp_path: Path
) -> None:
    limits = '[limits]\ncall = "300ms"\n'
    plugins(
        site, "install", "--yes", "--accept-permissions",
        str(build_plugin(tmp_path, "hangs", code=HANGS, permissions=PERMISSIONS, isolation="worker", more=limits)),
    )  # fmt: skip
    page = open_page()
    sign_in(page, site)
    page.get_by_role("button", name="Hang").click()
    said = page.get_by_text(
        "hangs did not answer the action hang of its part of the page within 300 ms and was stopped"
    )
    said.first.wait_for()
    page.get_by_role("button", name="Hang").wait_for()
    assert said.first.is_visible()
    plugins(site, "disable", "hangs")


REFUSES = """
from jackfield import Plugin
from jackfield.api import Button
from jackfield.errors import UsageError

class Main(Plugin):
    def on_enable(self):
        self.context.ui.add_component("first", Button("Open", "open"), title="First", on_action=self.refuse)
        self.context.ui.add_component("deaf", Button("Do nothing", "x"), title="Deaf")

    def refuse(self, action, values, user):
        raise UsageError("not on a Sunday")
"""


def test_of_boxes_that_go_together_what_was_said_last_stays(site: Site, open_page: OpenPage, tmp_path: Path) -> None:
    wheel = build_plugin(tmp_path, "refuses", code=REFUSES, permissions=PERMISSIONS, isolation="worker")
    plugins(site, "install", "--yes", "--accept-permissions", str(wheel))
    page = open_page()
    sign_in(page, site)
    page.get_by_role("button", name="Do nothing").click()
    page.get_by_text("deaf of refuses does not react").wait_for()
    page.get_by_role("button", name="Open").click()
    page.get_by_text("not on a Sunday").wait_for()
    plugins(site, "disable", "refuses")
    page.locator('[data-box="refuses:deaf"]').wait_for(state="detached")
    assert page.locator("#text-error").inner_text() == "not on a Sunday"
