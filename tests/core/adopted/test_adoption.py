"""An application that only uses pluggy, adopted: its process and the `jackfield` command work on one state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.wheels import WheelSource

pytestmark = pytest.mark.slow

APPLICATION = """
import json
import pluggy
from jackfield import PluginManager  # was: from pluggy import PluginManager

hookspec = pluggy.HookspecMarker("atlas")


class Specs:
    @hookspec
    def draw(self, place): ...


manager = PluginManager("atlas")
manager.add_hookspecs(Specs)
manager.load_setuptools_entrypoints("atlas.plugins")
print(json.dumps(sorted(manager.hook.draw(place="Ulm"))))
"""

PLUGIN = """
import pluggy


@pluggy.HookimplMarker("atlas")
def draw(place):
    return f"{place} by NAME"
"""


def wheel_of(name: str, folder: Path, *, manifest: bool) -> Path:
    package = f"atlas_{name}"
    files: dict[str, str | bytes] = {f"{package}/__init__.py": PLUGIN.replace("NAME", name)}
    if manifest:
        text = f'schema = 1\nid = "{name}"\nname = "{name}"\ndescription = "a map"\nisolation = "any"\n'
        files[f"{package}/plugin.toml"] = text
    return WheelSource(f"atlas-{name}", files=files, entry_points={"atlas.plugins": {name: package}}).build(folder)


class Adopted:
    """The application's environment: a folder where pip put plugins, a home for state."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        self.environ = {**os.environ, "JACKFIELD_HOME": str(folder / "home"), "PYTHONPATH": str(self.site)}

    def start(self) -> list[str]:
        """Start the application anew; return what its plugins answered."""
        answer: list[str] = json.loads(self._run(sys.executable, "-c", APPLICATION))
        return answer

    def jackfield(self, *arguments: str) -> Any:
        """Run the command on the application; return what it says in JSON."""
        command = Path(sys.executable).parent / "jackfield"
        return json.loads(self._run(str(command), "--app", "atlas", *arguments, "--json"))

    def say(self, *arguments: str, code: int = 0) -> str:
        """Run the command on the application; return what it says to a person."""
        return self._run(str(Path(sys.executable).parent / "jackfield"), "--app", "atlas", *arguments, code=code)

    def _run(self, *command: str, code: int = 0) -> str:
        done = subprocess.run(
            command, env=self.environ, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
        )
        assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def adopted(tmp_path: Path) -> Adopted:
    application = Adopted(tmp_path)
    for name in ("rivers", "roads"):
        with zipfile.ZipFile(wheel_of(name, tmp_path / "wheels", manifest=False)) as wheel:
            wheel.extractall(application.site)
    return application


def states(application: Adopted) -> dict[str, bool]:
    return {row["id"]: row["enabled"] for row in application.jackfield("list")["plugins"]}


def test_the_command_line_lists_and_switches_plugins_that_pip_installed(adopted: Adopted) -> None:
    assert adopted.start() == ["Ulm by rivers", "Ulm by roads"]
    assert states(adopted) == {"rivers": True, "roads": True}

    adopted.jackfield("disable", "rivers")

    assert adopted.start() == ["Ulm by roads"]
    assert states(adopted) == {"rivers": False, "roads": True}
    adopted.jackfield("enable", "rivers")
    assert adopted.start() == ["Ulm by rivers", "Ulm by roads"]


def test_the_command_line_installs_a_plugin_and_rolls_it_back(adopted: Adopted, tmp_path: Path) -> None:
    adopted.start()
    wheel = wheel_of("lakes", tmp_path / "wheels", manifest=True)

    adopted.jackfield("install", str(wheel), "--yes", "--accept-permissions")

    assert adopted.start() == ["Ulm by lakes", "Ulm by rivers", "Ulm by roads"]
    adopted.jackfield("disable", "lakes")
    assert adopted.start() == ["Ulm by rivers", "Ulm by roads"]
    adopted.jackfield("enable", "lakes", "--accept-permissions")
    assert adopted.start() == ["Ulm by lakes", "Ulm by rivers", "Ulm by roads"]
    adopted.jackfield("rollback", "--yes")
    assert adopted.start() == ["Ulm by rivers", "Ulm by roads"]


def test_the_command_line_tells_what_failed_until_it_loads_again(adopted: Adopted) -> None:
    code = adopted.site / "atlas_rivers" / "__init__.py"
    good = code.read_text(encoding="utf-8")
    code.write_text("1 / 0  # " + good.strip().replace("\n", "\n# "), encoding="utf-8")
    assert adopted.start() == ["Ulm by roads"]

    why = f"ZeroDivisionError: division by zero ({code}, line 1)"
    assert failures(adopted) == {"rivers": why, "roads": None}
    assert adopted.jackfield("info", "rivers")["installed"]["last_failure"] == why
    listed = " ".join(adopted.say("list").split())
    advice = "mend or update it, or: jackfield --app atlas disable rivers"
    assert f"enabled inline pip failed when it last ran: {why} · {advice}" in listed
    assert f"problem failed when it last ran: {why}" in " ".join(adopted.say("info", "rivers").split())
    told = " ".join(adopted.say("doctor", code=1).split())
    advice = "mend or update it and start the application, or jackfield --app atlas disable rivers"
    assert f"failed: rivers: {why}, when the application last ran → {advice}" in told

    code.write_text(f"{good}\n# mended", encoding="utf-8")
    assert adopted.start() == ["Ulm by rivers", "Ulm by roads"]
    assert failures(adopted) == {"rivers": None, "roads": None}
    assert adopted.jackfield("info", "rivers")["installed"]["last_failure"] is None
    assert adopted.say("doctor").endswith("All is well.\n")


def failures(application: Adopted) -> dict[str, str | None]:
    return {row["id"]: row["last_failure"] for row in application.jackfield("list")["plugins"]}
