"""Plugins with components, put into a chat that runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from playwright.sync_api import Page

from tests.e2e.conftest import Site
from tests.support.processes import clean_environment, script

OpenPage = Callable[..., Page]
PERMISSIONS = '[[permissions]]\nresource = "ui"\nactions = ["component", "menu"]\nreason = "to be seen"\n'


def plugins(site: Site, *arguments: str) -> None:
    environment = clean_environment(JACKFIELD_HOME=str(site.data / "plugins"), JACKFIELD_MARKETPLACE=site.market)
    command = [script("jackfield"), *arguments]
    subprocess.run(command, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
