"""A marketplace, and a set of plugins with one of them installed: what bad input must leave as it was."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.installers import Installers
from tests.support.processes import Server, clean_environment, script
from tests.support.wheels import build_plugin


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def both(self) -> str:
        return self.out + self.err

    @property
    def words(self) -> str:
        """All that was said, in one line: sentences may be wrapped."""
        return " ".join(self.both.split())


@dataclass(frozen=True, slots=True)
class Plugins:
    """A user's set of plugins, worked on by the real command."""

    home: Path
    market: str

    def run(self, *words: str, market: str | None = None) -> Answer:
        done = subprocess.run(
            [script("jackfield"), *words],
            env=clean_environment(
                JACKFIELD_HOME=str(self.home), JACKFIELD_MARKETPLACE=market or self.market, COLUMNS="200"
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return Answer(done.returncode, done.stdout, done.stderr)

    def install(self, *what: str | Path) -> Answer:
        return self.run("install", "--yes", "--accept-permissions", *map(str, what))

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["id"]: row for row in json.loads(self.run("list", "--json").out)["plugins"]}

    def snapshot(self) -> dict[str, str]:
        """Every file that says what is installed, wished or granted, with its content's hash: the store's trees, the
        generations, the pointer and the state log."""
        return {
            str(path.relative_to(self.home)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.home.rglob("*"))
            if path.is_file()
            and "lock" not in path.name
            and "/cache" not in path.as_posix()
            and ".index" not in path.parts  # another environment's installer changes the ctime of files that it shares
            and "trust" not in path.relative_to(self.home).parts  # what was seen of marketplaces
        }


@dataclass(frozen=True, slots=True)
class Market:
    """A real marketplace with one publisher's token."""

    address: str
    token: str

    def upload(self, wheel: Path) -> httpx.Response:
        """What twine sends (the upload API of the packaging user guide)."""
        name, version = wheel.name.split("-")[:2]
        return httpx.post(
            f"{self.address}/legacy/",
            auth=("__token__", self.token),
            data={
                ":action": "file_upload",
                "protocol_version": "1",
                "metadata_version": "2.1",
                "name": name.replace("_", "-"),
                "version": version,
                "filetype": "bdist_wheel",
                "pyversion": "py3",
                "sha256_digest": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            },
            files={"content": (wheel.name, wheel.read_bytes())},
            trust_env=False,
            timeout=30,
        )

    def publish(self, wheel: Path) -> None:
        answer = self.upload(wheel)
        assert answer.status_code == 200, answer.text

    def projects(self) -> set[str]:
        answer = httpx.get(
            f"{self.address}/simple/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}, trust_env=False
        )
        return {project["name"] for project in answer.json()["projects"]}


@contextmanager
def open_market(data: Path) -> Iterator[Market]:
    """A marketplace over a data folder, and a fresh token of its publisher."""
    with Server([script("jackfield-marketplace"), "serve", "--data", str(data), "--port", "0"]) as server:
        for words in (["user", "add", "ann"], ["token", "create", "--user", "ann"]):
            made = subprocess.run(
                [script("jackfield-marketplace"), *words, "--data", str(data)],
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
            )
        yield Market(server.address, made.stdout.strip())


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with open_market(tmp_path_factory.mktemp("marketplace")) as market:
        yield market


@pytest.fixture(scope="session")
def prepared(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one plugin, `keeper`, installed and enabled."""
    folder = tmp_path_factory.mktemp("prepared")
    wheel = build_plugin(folder / "wheels", "keeper")
    plugins = Plugins(folder / "home", market.address)
    answer = plugins.install(wheel)
    assert answer.status == 0, answer.both
    return plugins.home


@pytest.fixture
def plugins(prepared: Path, market: Market, tmp_path: Path) -> Plugins:
    """A home of one's own: `keeper` 1.0.0 is installed and enabled."""
    home = tmp_path / "home"
    shutil.copytree(prepared, home, symlinks=True)
    return Plugins(home, market.address)


@pytest.fixture(scope="session")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> Plugins:
    """A home whose `keeper` came from a marketplace that is down by now."""
    folder = tmp_path_factory.mktemp("left-alone")
    with open_market(folder / "marketplace") as market:
        market.publish(build_plugin(folder / "wheels", "keeper"))
        plugins = Plugins(folder / "home", market.address)
        answer = plugins.install("keeper")
        assert answer.status == 0, answer.both
    return plugins


@pytest.fixture
def unchanged(plugins: Plugins, market: Market) -> Iterator[None]:
    """Nothing is lost: after the test the set of plugins and the marketplace are as they were before it."""
    before, projects = plugins.snapshot(), market.projects()
    yield
    after = plugins.snapshot()
    assert {name: after.get(name) for name in before} == before
    assert market.projects() == projects
    rows = plugins.rows()
    assert set(rows) == {"keeper"}
    assert rows["keeper"]["version"] == "1.0.0"
    assert rows["keeper"]["enabled"] is True


@pytest.fixture(scope="module")
def installers() -> Iterator[Installers]:
    """Real installer processes, which a test kills where it likes."""
    with Installers() as running:
        yield running
