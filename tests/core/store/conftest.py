"""Wheels, pins and activations for the tests of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jackfield.manifest import File, Pin
from jackfield.store import Activation, Layout, Store, now

from tests.support.wheels import WheelSource, build_plugin


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "profile")


@pytest.fixture
def store(layout: Layout) -> Store:
    return Store(layout)


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[..., tuple[Pin, Path]]:
    """Builds a plugin: `plugin("poll", "1.0.0", …)` gives its pin and its wheel."""

    def make(plugin_id: str, version: str = "1.0.0", **options: object) -> tuple[Pin, Path]:
        wheel = build_plugin(tmp_path / "wheels", plugin_id, version, **options)
        return pin_of(wheel, f"chat-{plugin_id}", version, plugin_id), wheel

    return make


@pytest.fixture
def library(tmp_path: Path) -> Callable[..., tuple[Pin, Path]]:
    """Builds a library from files: `library("name", files)`."""

    def make(name: str, files: dict[str, str | bytes], version: str = "1.0.0", **options: Any) -> tuple[Pin, Path]:
        wheel = WheelSource(name, version, files=files, **options).build(tmp_path / "wheels")
        return pin_of(wheel, name, version, None), wheel

    return make


@pytest.fixture
def install(store: Store) -> Callable[..., list[str]]:
    """Commits wheels: `install((pin, wheel), …)` gives the names of the steps."""

    def run(*wheels: tuple[Pin, Path], what: str = "install", on: Store | None = None) -> list[str]:
        target = on or store
        activation = activation_of(target, what)
        files = {pin.file.sha256: wheel for pin, wheel in wheels}
        with target.lock(by="tester"):
            return list(target.commit([pin for pin, _ in wheels], files, activation=activation, record=lambda _: None))

    return run


def activation_of(store: Store, what: str) -> Activation:
    return Activation(f"t-{what}", store.active_number(), 0, now(), "tester", what)


def pin_of(wheel: Path, name: str, version: str, plugin: str | None) -> Pin:
    data = wheel.read_bytes()
    file = File(wheel.name, f"https://user:secret@x.example/{wheel.name}", hashlib.sha256(data).hexdigest(), len(data))
    return Pin(name, version, file, plugin, "https://x.example")
