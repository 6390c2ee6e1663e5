"""The application `atlas` on pluggy, and plugins of its own to install as pip would."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pluggy
import pytest
from jackfield.adopted import PluginManager
from jackfield.store import Layout

from tests.support.wheels import WheelSource

hookspec = pluggy.HookspecMarker("atlas")
hookimpl = pluggy.HookimplMarker("atlas")

GOOD = """
import pluggy

hookimpl = pluggy.HookimplMarker("atlas")


@hookimpl
def draw(place):
    return f"{place} drawn by {__name__}"
"""

Install = Callable[..., None]


class Specs:
    @hookspec
    def draw(self, place: str) -> str: ...


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:
    """What a test imports goes away again."""
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if name.startswith(("atlas_", "chat_")):
            del sys.modules[name]


def atlas_wheel(folder: Path, name: str, code: str, *, manifest: str | None = None, version: str = "1.2.0") -> Path:
    package = f"atlas_{name}"
    files: dict[str, str | bytes] = {f"{package}/__init__.py": code}
    if manifest is not None:
        files[f"{package}/plugin.toml"] = manifest
    source = WheelSource(f"atlas-{name}", version, files, entry_points={"atlas": {name: package}})
    return source.build(folder)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install an ordinary pluggy plugin as pip would: `install(name, code)`."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def put(name: str, code: str = GOOD, **options: Any) -> None:
        with zipfile.ZipFile(atlas_wheel(tmp_path / "wheels", name, code, **options)) as wheel:
            wheel.extractall(site)

    return put


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "profile")


def started(layout: Layout | None, **options: Any) -> PluginManager:
    """Make the application's manager and load its plugins, as a start of the application does."""
    manager = PluginManager("atlas", layout=layout, **options)
    manager.add_hookspecs(Specs)
    manager.load_setuptools_entrypoints("atlas")
    return manager
