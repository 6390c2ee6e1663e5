"""An application and a marketplace that revokes: what the tests of what becomes of the revoked share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from jackfield.application import Application
from jackfield.management import Management
from jackfield.store import Layout

from tests.support.marketplace import RunningMarketplace, running_marketplace
from tests.support.profiles import hostfile

CODE = """
import os, pathlib
from jackfield import Plugin

class Main(Plugin):
    def on_enable(self):
        (self.context.data_dir / "process").write_text(str(os.getpid()))

    def on_disable(self):
        (self.context.data_dir / "last-words").write_text("so long")
"""


def code_of(plugin: str) -> str:
    """Of a plugin: no two of them hold the same code, since that is what a re-upload is known by."""
    return f"{CODE}\nNAME = {plugin!r}\n"


@contextmanager
def revoking_marketplace(folder: Path) -> Iterator[RunningMarketplace]:
    """A marketplace that says where to appeal."""
    with running_marketplace(folder) as market:
        market.run("appeal", "appeals@example.org")
        yield market


@asynccontextmanager
async def running(home: Path, market: RunningMarketplace | None, **options: Any) -> AsyncIterator[Application]:
    urls = (market.url,) if market is not None else ()
    application = Application(
        "chat", home=home, hostfile=hostfile(), marketplaces=urls, revocations_every_seconds=None, **options
    )
    await application.start()
    try:
        yield application
    finally:
        await application.stop()


async def install(application: Application, *specs: str) -> None:
    plan = await application.management.plan_install(list(specs))
    await application.management.apply(plan, accept_permissions=True, by="tester")
    await application.reload()
    for spec in specs:
        await application.host.plugins.wait_for(spec, timeout_seconds=60)


def revoke(market: RunningMarketplace, name: str, *versions: str, severity: str = "critical") -> str:
    """Revoke by command; returns the number."""
    said = market.run(
        "revoke", name, *versions, "--reason", "It reads mail.", "--severity", severity, "--advice", "Change passwords."
    )
    return said.partition(":")[0].rpartition(" ")[2]


def elsewhere(application: Application, market: RunningMarketplace) -> Management:
    """The installed set as another process sees it: the command line of the same user."""
    return Management("chat", Layout(application.layout.root), [market.url], hostfile())


def written(application: Application, plugin: str, name: str) -> str | None:
    found = list(application.layout.data(plugin).rglob(name))
    return found[0].read_text() if found else None


def lives(process: str) -> bool:
    return Path(f"/proc/{process}/stat").exists() and " Z " not in Path(f"/proc/{process}/stat").read_text()
