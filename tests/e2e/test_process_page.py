"""The page of one plugin's process, light, dark and on a phone: chosen, asked, refused, saved."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.e2e.browser import VIEWS, overflow, shoot
from tests.e2e.conftest import Site, sign_in
from tests.e2e.looks import pale_texts, small_targets
from tests.support.processes import clean_environment, script
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def movable(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The chat with a plugin that may run anywhere, and one that may not."""
    folder = tmp_path_factory.mktemp("wheels")
    limits = '[limits]\nmemory = "40MiB"\n'
    wheels = [
        build_plugin(folder, "weather", more=limits, isolation="any"),
        build_plugin(folder, "fog", isolation="inline"),
    ]
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=site.market)
    install = [script("jackfield"), "install", "--yes", "--accept-permissions", *map(str, wheels)]
    subprocess.run(install, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return site


def keep(page: Page, name: str, view: str) -> None:
    """Keep the picture, and hold the page to what it owes every reader."""
    shoot(page, f"{name}-{view}", full_page=True)
    assert overflow(page) == 0, f"{name} is {overflow(page)} px too wide on {view}"
    assert small_targets(page, touch=view == "phone") == []
    assert pale_texts(page) == []


@pytest.mark.feature("C26", "C27")
@pytest.mark.parametrize("view", list(VIEWS))
def test_where_a_plugin_runs_and_what_it_may_use(movable: Site, open_page: Callable[..., Page], view: str) -> None:
    page = open_page(view)
    sign_in(page, movable)
    page.goto(f"{movable.chat}/plugins")
    page.get_by_role("link", name="Process of weather").click()
    page.get_by_role("heading", name="Process of Weather").wait_for()
    keep(page, "process", view)

    page.get_by_role("radio", name="The chat itself").check()
    page.get_by_role("button", name="Run it there").click()
    page.get_by_role("heading", name="Run weather in the application?").wait_for()
    assert page.get_by_role("radio", name="The chat itself").is_checked()
    keep(page, "process-asked", view)
    page.get_by_role("button", name="Yes, run it there").click()
    page.get_by_text("Nothing limits what runs in the chat itself.").wait_for()
    keep(page, "process-inline", view)
    page.get_by_role("radio", name="A confined process of its own").check()
    page.get_by_role("button", name="Run it there").click()
    page.get_by_text("weather runs in a confined process of its own").wait_for()

    page.get_by_label("Memory").fill("much")
    page.get_by_label("Call").fill("2 s")
    with page.expect_response(lambda response: response.status == 422):
        page.get_by_role("button", name="Save limits").click()
    page.get_by_text("Expected a size such as").wait_for()
    assert page.get_by_label("Call").input_value() == "2 s"
    page.locator("[name=limit-memory]:focus").wait_for()
    keep(page, "process-refused", view)
    page.get_by_label("Memory").fill("80 MiB")
    page.get_by_role("button", name="Save limits").click()
    page.get_by_text("limits were changed").wait_for()
    assert page.get_by_label("Memory").input_value() == "80 MiB"
    keep(page, "process-saved", view)
    page.get_by_label("Memory").fill("")
    page.get_by_label("Call").fill("")
    page.get_by_role("button", name="Save limits").click()
    page.get_by_text("limits were changed").wait_for()

    page.goto(f"{movable.chat}/plugins/process/fog")
    page.get_by_text("its author asks for inline and allows nothing else").wait_for()
    keep(page, "process-no-choice", view)
