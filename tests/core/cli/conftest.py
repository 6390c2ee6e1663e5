"""A real marketplace, real wheels, and the real command in a child process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jackfield.places import INDEX

from tests.support.processes import Server, clean_environment, script
from tests.support.wheels import WheelSource, build_plugin, plugin_source

SEND = '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "to post results"\n'
NAMES = '[[permissions]]\nresource = "members"\nactions = ["read"]\nreason = "to show who voted"\n'
SETTINGS = (
    "[contributes]\nsettings = [\n"
    '  { key = "place", default = "Vienna", label = "Place", description = "where the forecast is for" },\n'
    '  { key = "days", type = "integer", default = 3, minimum = 1, maximum = 10 },\n'
    '  { key = "token", type = "secret", label = "Token" },\n'
    '  { key = "quiet", type = "list", label = "Rooms without" },\n'
    "]\n"
)
CHANGES = "## 2.0.0\n- The sidebar shows who voted\n\n## 1.3.1\n- Counts right\n"

# A command that imports plugin code leaves this mark and fails.
MARKING = (
    "import os, pathlib\n"
    'pathlib.Path(os.environ["IMPORT_MARK"]).write_text(__name__)\n'
    'raise RuntimeError(__name__ + " was imported")\n'
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Desk:
    """A user at the command line: a home, a marketplace, an environment with what pip put there.

    Args:
        home: `JACKFIELD_HOME`.
        market: the marketplace's address.
        site: a folder of the environment's path, where pip installs into.
        more: further environment variables; they win.
    """

    home: Path
    market: str
    site: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> Path:
        """Written by a plugin that is imported."""
        return self.home.parent / "imported"

    @property
    def environ(self) -> dict[str, str]:
        own = {
            "JACKFIELD_HOME": str(self.home),
            "JACKFIELD_MARKETPLACE": self.market,
            "PYTHONPATH": str(self.site),
            "IMPORT_MARK": str(self.mark),
        }
        return clean_environment(**{**own, **self.more})

    def run(self, *words: str | Path, typed: str = "", market: str | None = None) -> Ran:
        """Run `jackfield`; it never ends in a traceback and never imports plugin code."""
        done = subprocess.run(
            [script("jackfield"), *map(str, words)],
            env={**self.environ, **({"JACKFIELD_MARKETPLACE": market} if market is not None else {})},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        assert not self.mark.exists(), f"{words} imported {self.mark.read_text()}"
        return Ran(done.returncode, done.stdout, done.stderr)

    def files(self) -> dict[str, bytes]:
        """Every file that says what is installed, wished or granted."""
        found = sorted(path for path in self.home.rglob("*") if path.is_file())
        names = {path.relative_to(self.home): path for path in found}
        # What a running host has open, what is only remembered of the path, and what was seen of marketplaces.
        passing = {"run", INDEX, "trust"}
        return {str(name): path.read_bytes() for name, path in names.items() if not passing & set(name.parts)}

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["id"]: row for row in self.run("list", "--json").json["plugins"]}


def plugin_wheels(folder: Path) -> list[Path]:
    """Wheels for the marketplace: poll in two versions, and dice, which asks for nothing."""
    return [
        build_plugin(folder, "poll", "1.3.1", code=MARKING, permissions=SEND),
        build_plugin(folder, "poll", "2.0.0", code=MARKING, permissions=SEND + NAMES, changelog=CHANGES),
        build_plugin(folder, "dice", "1.0.0", code=MARKING),
    ]


def environment_wheels(folder: Path) -> list[Path]:
    """Wheels that come by pip: one with a manifest, and an ordinary pluggy plugin without."""
    plain = plugin_source("legacy-x", "0.1", code=MARKING)
    legacy = WheelSource(
        name="chat-legacy-x", version="0.1", files={"chat_legacy_x.py": MARKING}, entry_points=plain.entry_points
    )
    legacy.entry_points = {"chat.plugins": {"legacy-x": "chat_legacy_x"}}
    weather = build_plugin(folder, "weather", "1.4.0", code=MARKING, permissions=SEND, more=SETTINGS)
    return [weather, legacy.build(folder)]


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running marketplace with the plugins above."""
    folder = tmp_path_factory.mktemp("market")
    plugin_wheels(folder / "wheels")
    command = [script("jackfield-marketplace"), "serve", "--data", str(folder / "data"), "--port", "0"]
    with Server([*command, "--seed", str(folder / "wheels")]) as server:
        yield server.address


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a host's environment, into which uv installed one plugin and pip another."""
    folder = tmp_path_factory.mktemp("environment")
    by_uv, by_pip = environment_wheels(folder / "wheels")
    uv = [script("uv"), "pip", "install", "--no-config", "--offline", "--no-deps", "--python", sys.executable]
    pip = [sys.executable, "-m", "pip", "--isolated", "install", "--no-index", "--no-deps", "--no-compile"]
    for command, wheel in ((uv, by_uv), (pip, by_pip)):
        subprocess.run(
            [*command, "--target", str(folder / "site"), str(wheel)],
            env=clean_environment(PIP_CONFIG_FILE="/dev/null"),
            check=True,
            capture_output=True,
        )
    return folder / "site"


@pytest.fixture(scope="session")
def prepared(market: str, site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which poll 1.3.1 is installed and enabled."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    done = Desk(home, market, site).run("install", "poll==1.3.1", "--yes", "--accept-permissions")
    assert done.code == 0, done.err
    return home


@pytest.fixture
def desk(market: str, site: Path, tmp_path: Path) -> Desk:
    """A user who has nothing installed but what pip put into the environment."""
    return Desk(tmp_path / "home", market, site)


@pytest.fixture
def polling(prepared: Path, desk: Desk) -> Desk:
    """A user with poll 1.3.1."""
    shutil.copytree(prepared, desk.home, symlinks=True)
    return desk


@dataclass(frozen=True, slots=True)
class AdoptedApp:
    """An application on `jackfield.PluginManager`, run in the desk's environment."""

    desk: Desk
    site: Path

    def loaded(self) -> list[str]:
        """The plugins that it loads at a start."""
        code = (
            "from jackfield import PluginManager\nimport json\n"
            "manager = PluginManager('tool')\nmanager.load_setuptools_entrypoints('tool')\n"
            "print(json.dumps([name for name, _ in manager.list_name_plugin()]))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=self.desk.environ, capture_output=True, text=True, check=True
        )
        names: list[str] = json.loads(done.stdout)
        return names


@pytest.fixture
def adopted_app(tmp_path: Path) -> Any:
    """Makes an application called `tool` with one plugin, `tool-x`, in the desk's environment."""

    def make(desk: Desk) -> AdoptedApp:
        site = tmp_path / "tool-site"
        wheel = WheelSource(
            name="tool-x", files={"tool_x.py": "loaded = True\n"}, entry_points={"tool": {"tool-x": "tool_x"}}
        ).build(tmp_path / "tool-wheels")
        command = [script("uv"), "pip", "install", "--no-config", "--offline", "--no-deps", "--python", sys.executable]
        subprocess.run(
            [*command, "--target", str(site), str(wheel)], env=clean_environment(), check=True, capture_output=True
        )
        desk.more["PYTHONPATH"] = f"{site}{os.pathsep}{desk.site}"
        return AdoptedApp(desk, site)

    return make
