"""What a plugin says with characters that nobody sees is seen as what it is, in a browser and on the command line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.components import PERMISSIONS, OpenPage, plugins
from tests.e2e.conftest import Site, say, sign_in
from tests.support.processes import clean_environment, script
from tests.support.wheels import build_plugin

pytestmark = [pytest.mark.slow, pytest.mark.feature("C18")]

EVIL = r"y\u202eon\x1b[2J\x9b1A"
OBEYED = "\u202e\x1b\x9b\u2066\x07"
DISGUISED = f"""
from jackfield import Plugin, command
from jackfield.api import Button, MenuItem, Table, Text
from jackfield.errors import UsageError

EVIL = "{EVIL}"

class Main(Plugin):
    def on_enable(self):
        add = self.context.ui.add_component
        add("button", Button(EVIL, "press"), title=f"title {{EVIL}}\\nof two", on_action=self.refuse)
        add("table", Table((EVIL,), ((EVIL,),)), title="Table")
        add("text", Text(EVIL), title="Text")
        self.context.ui.add_menu_item(MenuItem("item", f"menu {{EVIL}}"))
        self.context.logger.warning("line %s", EVIL)

    def refuse(self, action, values, user):
        raise UsageError(f"refused {{EVIL}}")

    @command("disguise")
    async def disguise(self, source):
        await source.reply(f"answer {{EVIL}}")
"""
DECLARED = '[contributes]\ncommands = [{ name = "disguise" }]\n'


def said(site: Site, *arguments: str) -> bytes:
    """What the command line says."""
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=site.market)
    command = [script("jackfield"), *arguments]
    told = subprocess.run(command, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return told.stdout + told.stderr


def test_what_a_plugin_disguises_is_seen_as_what_it_is(site: Site, open_page: OpenPage, tmp_path: Path) -> None:
    wheel = build_plugin(
        tmp_path, "disguised", code=DISGUISED, permissions=PERMISSIONS, isolation="worker", more=DECLARED
    )
    plugins(site, "install", "--yes", "--accept-permissions", str(wheel))
    page = open_page()
    sign_in(page, site)
    page.get_by_role("button", name=EVIL, exact=True).click()
    page.get_by_text(f"refused {EVIL}").first.wait_for()
    page.get_by_text(f"title {EVIL} of two").first.wait_for()
    say(page, "!disguise")
    page.get_by_text(f"answer {EVIL}").first.wait_for()
    shown = page.locator("body").inner_text() + page.locator("body").inner_html()
    assert not [one for one in OBEYED if one in shown]
    told = [said(site, *asked) for asked in (("logs", "disguised"), ("logs", "disguised", "--json"), ("list",))]
    assert f"line {EVIL}".encode() in told[0]
    assert not [one for one in OBEYED if one.encode() in b"".join(told)]
    plugins(site, "disable", "disguised")
