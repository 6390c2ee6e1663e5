"""The page about a marketplace's keys, from top to bottom: its commands beside a server, and a client that follows."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from jackfield.errors import TrustError
from jackfield.management import Management
from jackfield.manifest import read_hostfile
from jackfield.store import Layout

from tests.support.marketplace import SCRIPT, RunningMarketplace
from tests.support.processes import Server, clean_environment, script, wait_for
from tests.support.profiles import HOSTFILE

pytestmark = [pytest.mark.slow, pytest.mark.feature("C33", "C36")]

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "keep-a-marketplaces-keys.md").read_text("utf-8")


def commands(heading: str) -> list[str]:
    """The lines of a section's blocks; of a line of cron the command."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for block in re.findall(r"```\n(.*?)```", section, re.DOTALL) for line in block.splitlines()]
    assert lines, heading
    return [line.removeprefix("17 3 * * *  ") for line in lines]


def operate(folder: Path, heading: str, **names: str) -> str:
    """Run the marketplace's commands of a section in a folder; what the last of them printed."""
    said = ""
    for line in commands(heading):
        program, *words = (names.get(word, word) for word in line.split())
        if program == SCRIPT:
            done = subprocess.run(
                [script(SCRIPT), *words],
                cwd=folder,
                env=clean_environment(),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, f"{line}: {done.stderr}"
            said = done.stdout
    return said


class Client:
    """Somebody who has a plugin from there, and wants its next version."""

    def __init__(self, folder: Path, market: RunningMarketplace) -> None:
        self.market = market
        hostfile = read_hostfile(HOSTFILE, source="host.toml")
        self.management = Management("chat", Layout(folder / "profile"), [market.url], hostfile)

    async def follows(self, version: str) -> None:
        """A new version is published, and comes."""
        self.market.publish("poll", version)
        plan = await self.management.plan_install(["poll"], upgrade=True)
        await self.management.apply(plan, accept_permissions=True, by="tester")
        assert [row.version for row in self.management.list()] == [version]


async def test_the_page_is_done_from_top_to_bottom_and_clients_follow(tmp_path):
    assert "2 of 3 sign" in operate(tmp_path, "The ceremony")
    assert {path.name.split("-")[0] for path in (tmp_path / "stick").iterdir()} == {"root", "targets"}
    stick = (tmp_path / "stick").rename(tmp_path / "elsewhere")  # nothing of it is needed to serve or to publish
    with Server([script(SCRIPT), "serve", "--data", str(tmp_path / "market"), "--port", "0"]) as server:
        client = Client(tmp_path, RunningMarketplace(server, tmp_path / "market", tmp_path / "wheels"))
        await client.follows("1.0.0")
        stick.rename(tmp_path / "stick")
        headings = ("Once a year", "With a machine for the keys", "Every night", "When a key is stolen")
        for number, heading in enumerate(headings, 1):
            operate(tmp_path, heading)
            await client.follows(f"1.{number}.0")
        lost = min((tmp_path / "stick").glob("root-*"))
        lost.unlink()
        operate(tmp_path, "When a root key is lost", LOST=lost.stem.removeprefix("root-"))
        await client.follows("1.9.0")
        known = client.management.trusted.report()[0].known
        assert known is not None
        assert known.root_version > 1  # it followed by itself, from root to root

        said = operate(tmp_path, "When all is lost")
        client.market.publish("poll", "2.0.0")
        with pytest.raises(TrustError, match=rf"jackfield trust forget {client.market.url}"):
            await client.management.plan_update(["poll"])
        (new,) = re.findall(r"jackfield trust pin ADDRESS#root=([0-9a-f]{32})", said)
        (pinning,) = [line for line in commands("When all is lost") if line.startswith("jackfield trust pin")]
        address = pinning.split()[-1].replace("https://plugins.example.org", client.market.url).replace("NEW", new)
        fresh = await client.management.trusted.pin(address)
        assert (fresh.root[:32], fresh.root_version) == (new, 1)
        await client.follows("2.1.0")
        await Client(tmp_path / "newcomer", client.market).follows("2.2.0")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    operate(tmp_path, "The ceremony")
    return tmp_path / "market"


def let_expire(data: Path, role: str) -> None:
    """Let a role's signature end within the hour, as the clock would."""
    with closing(sqlite3.connect(data / "marketplace.sqlite3")) as database, database:
        soon = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '+1 hour')"
        changed = database.execute(f"UPDATE signed_roles SET expires_at = {soon} WHERE role = ?", (role,))
        assert changed.rowcount == 1


def version_of(data: Path, role: str) -> int:
    with closing(sqlite3.connect(data / "marketplace.sqlite3")) as database:
        (version,) = database.execute("SELECT version FROM signed_roles WHERE role = ?", (role,)).fetchone()
    return int(version)


def test_what_is_about_to_expire_is_signed_by_the_line_of_cron(data):
    assert operate(data.parent, "Every night") == "nothing has to be signed\n"
    before = {role: version_of(data, role) for role in ("timestamp", "snapshot", "bin-00")}
    let_expire(data, "timestamp")
    assert operate(data.parent, "Every night") == "signed 1 roles\n"
    for role in ("bin-00", "snapshot", "timestamp"):
        let_expire(data, role)
    operate(data.parent, "Every night")
    assert version_of(data, "timestamp") == before["timestamp"] + 2
    assert version_of(data, "snapshot") == before["snapshot"] + 1
    assert version_of(data, "bin-00") == before["bin-00"] + 1
    assert operate(data.parent, "Every night") == "nothing has to be signed\n"


def test_what_is_about_to_expire_is_signed_by_the_running_server_itself(data):
    with Server([script(SCRIPT), "serve", "--data", str(data), "--port", "0"]) as server:
        before = version_of(data, "timestamp")
        let_expire(data, "timestamp")
        wait_for(lambda: version_of(data, "timestamp") > before, what="a new timestamp")
        served = httpx.get(f"{server.address}/tuf/timestamp.json").json()["signed"]
        assert served["version"] > before
