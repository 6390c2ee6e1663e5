"""Whose packages an inline plugin may import, decided before any of its code runs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from jackfield.errors import PluginError
from jackfield.host.changes.imports import Packages
from jackfield.manifest import Candidate, Manifest

from tests.support.wheels import WheelSource, build_plugin

PLUGIN = "\nfrom jackfield import Plugin\nclass Main(Plugin): ...\n"
REQUIRES = '[requires]\ngeo = "*"\n'


def geo(folder: Path, exports: str = "") -> Path:
    """A plugin with a face and an inside."""
    manifest = (
        f'schema = 1\nid = "geo"\nname = "Geo"\nversion = "1.0.0"\nisolation = "any"\n{exports}\n[host]\nchat = "*"\n'
    )
    files: dict[str, str | bytes] = {
        "chat_geo/__init__.py": PLUGIN,
        "chat_geo/api.py": "PLACES = 3",
        "chat_geo/inside.py": "PLACES = 4",
        "chat_geo/plugin.toml": manifest,
    }
    return WheelSource("chat-geo", files=files, entry_points={"chat.plugins": {"geo": "chat_geo:Main"}}).build(folder)


@pytest.mark.feature("K30", "K31", "K25")
@pytest.mark.parametrize(
    "code",
    [
        "import chat_geo",
        "import os, chat_geo.api as api",
        "from chat_geo.api import PLACES",
        "def later():\n    from chat_geo import api",
        "try:\n    import chat_geo\nexcept ImportError:\n    chat_geo = None",
        "if 1: import chat_geo",
    ],
)
async def test_the_package_of_a_plugin_that_is_not_required_is_refused_before_any_code_runs(
    profile, tmp_path, running, code
):
    code = f"import sys\nsys.modules['weather_ran'] = sys\n{code}{PLUGIN}"
    profile.install(geo(tmp_path / "wheels"), build_plugin(tmp_path / "wheels", "weather", code=code))
    profile.enable("geo", "weather")
    host = await running()
    status = host.plugins.status("weather")
    assert (status.state, host.plugins.status("geo").state) == ("blocked", "active")
    assert status.problem.startswith("weather (chat_weather/__init__.py, line ")
    assert (
        "of the plugin geo, which it does not require: name geo under [requires] in its plugin.toml" in status.problem
    )
    assert "weather_ran" not in sys.modules


@pytest.mark.feature("K30", "K31")
@pytest.mark.parametrize("requirement", ["*", ">=1.0?"])
async def test_what_is_required_is_seen_and_so_are_ones_own_and_the_hosts_packages(
    profile, tmp_path, running, requirement
):
    code = (
        "import httpx, chat_geo\nfrom chat_geo.api import PLACES\nfrom chat_weather import __name__ as own\n" + PLUGIN
    )
    weather = build_plugin(tmp_path / "wheels", "weather", code=code, more=f'[requires]\ngeo = "{requirement}"\n')
    profile.install(geo(tmp_path / "wheels"), weather)
    profile.enable("geo", "weather")
    host = await running()
    assert host.plugins.status("weather").state == "active", host.plugins.status("weather").problem


@pytest.mark.parametrize(
    "code",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from chat_geo import api",
        "# import chat_geo\nTEXT = 'import chat_geo'",
        "from . import chat_geo",
    ],
)
async def test_what_only_looks_like_an_import_is_none(profile, tmp_path, running, code):
    files: dict[str, str | bytes] = {
        "chat_weather/__init__.py": code + PLUGIN,
        "chat_weather/chat_geo.py": "",
        "chat_weather/plugin.toml": 'schema = 1\nid = "weather"\nisolation = "any"\nversion = "1.0.0"\n',
    }
    entry = {"chat.plugins": {"weather": "chat_weather:Main"}}
    weather = WheelSource("chat-weather", files=files, entry_points=entry).build(tmp_path / "wheels")
    profile.install(geo(tmp_path / "wheels"), weather)
    profile.enable("geo", "weather")
    host = await running()
    assert host.plugins.status("weather").state == "active", host.plugins.status("weather").problem


@pytest.mark.feature("U27", "K31")
@pytest.mark.parametrize(
    ("exports", "code", "problem"),
    [
        ("", "from chat_geo import inside", ""),
        ('exports = ["chat_geo"]', "import chat_geo.inside", ""),
        ('exports = ["chat_geo.api"]', "from chat_geo.api import PLACES", ""),
        ('exports = ["chat_geo.api"]', "from chat_geo import api", ""),
        ('exports = ["chat_geo.api"]', "from chat_geo import inside", "imports chat_geo, which geo keeps to itself"),
        ('exports = ["chat_geo.api"]', "import chat_geo.inside", "imports chat_geo.inside, which geo keeps to itself"),
        ('exports = ["chat_geo.api"]', "import chat_geo.apiary", "it exports chat_geo.api"),
        ("exports = []", "import chat_geo", "it exports nothing"),
    ],
)
async def test_a_plugin_says_which_of_its_modules_others_may_import(profile, tmp_path, running, exports, code, problem):
    code = f"def later():\n    {code}\n{PLUGIN}"
    weather = build_plugin(tmp_path / "wheels", "weather", code=code, more=REQUIRES)
    profile.install(geo(tmp_path / "wheels", exports), weather)
    profile.enable("geo", "weather")
    host = await running()
    status = host.plugins.status("weather")
    assert (status.state == "active") is (not problem), status.problem
    assert problem in status.problem


async def test_a_new_version_that_reaches_further_is_not_loaded_in_the_old_ones_place(profile, tmp_path, running):
    wheels = tmp_path / "wheels"
    profile.install(geo(wheels), build_plugin(wheels, "weather", "1.0.0"))
    profile.enable("geo", "weather")
    host = await running()
    profile.install(geo(wheels), build_plugin(wheels, "weather", "1.1.0", code="import chat_geo" + PLUGIN))
    await host.reload_changes()
    assert "which it does not require" in host.plugins.status("weather").problem
    with pytest.raises(PluginError):
        await host.reload("weather")


def test_a_namespace_that_several_plugins_share_belongs_to_none_of_them(tmp_path):
    def candidate(name: str, *, manifest: bool = True) -> Candidate:
        folder = tmp_path / name / "shared"
        folder.mkdir(parents=True)
        (folder / "code.py").write_text("import shared.other, alone")
        return Candidate(
            id=name,
            canonical_id=name,
            distribution=name,
            version="1",
            entry_point=f"{'alone' if name == 'plain' else 'shared'}.{name}",
            group="chat.plugins",
            folder=folder,
            manifest=Manifest(1, name) if manifest else None,
            origin="environment",
        )

    one, two, plain = candidate("one"), candidate("two"), candidate("plain", manifest=False)
    assert Packages.of([one, two, plain]).owners == {}
    assert Packages.of([one, two, plain]).problem(one) == ""


@pytest.mark.feature("K29")
async def test_a_library_is_added_by_requirement_and_goes_with_the_generation(profile, tmp_path, running):
    wheels = tmp_path / "wheels"
    library = WheelSource("maps", files={"maps_of_old.py": "SCALE = 25_000"}).build(wheels)
    scale = "def scale(self):\n        import maps_of_old\n        return maps_of_old.SCALE"
    code = f"from jackfield import Plugin\nclass Main(Plugin):\n    {scale}\n"
    profile.install(
        build_plugin(wheels, "weather", code=code, requires=["maps"]), library, requires={"chat-weather": ["maps"]}
    )
    profile.enable("weather")
    host = await running()
    assert host.plugins.record("weather").loaded.target.scale() == 25_000
    path = list(sys.path)
    profile.install(build_plugin(wheels, "weather", "1.1.0", code=code))
    await host.reload_changes()
    with pytest.raises(ModuleNotFoundError, match="maps_of_old"):
        host.plugins.record("weather").loaded.target.scale()
    assert sys.path == path
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("maps_of_old")
