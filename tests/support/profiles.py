"""A profile on disk with real wheels in a real store, put there without a resolver: for tests of the running side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jackfield.host import Host
from jackfield.inspection import WheelReport, inspect_wheel
from jackfield.manifest import File, HostFile, Pin, Version, canonical_id, read_hostfile
from jackfield.permissions import Choice, Grant, Permission, allowed_choices
from jackfield.storage import State
from jackfield.store import Activation, Layout, Store, now

_REPORTS: dict[str, WheelReport] = {}
SOURCE = "https://plugins.example.org"

HOSTFILE = """
schema = 1
app = "chat"
name = "Chat"
api_version = "1.0.0"
groups = ["chat.plugins"]

[resources.messages.actions.send]
sentence = "send messages"
"""


def hostfile(api_version: str = "1.0.0") -> HostFile:
    """The host file of a small chat."""
    return replace(read_hostfile(HOSTFILE, source="host.toml"), api_version=Version.parse(api_version))


class Profile:
    """One profile of the chat.

    Args:
        layout: where it lies.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.store = Store(self.layout)
        self.state = State(self.layout.state)

    def install(self, *wheels: Path, requires: Mapping[str, Sequence[str]] | None = None) -> None:
        """Make a generation of exactly these wheels and activate it.

        It does for every choice of isolation: what need not run inline is there with libraries of its own as well.

        Args:
            wheels: the complete set.
            requires: distribution -> the distributions that it needs from the set.
        """
        pins = [pin_of(wheel, (requires or {})) for wheel in wheels]
        files = {pin.file.sha256: wheel for pin, wheel in zip(pins, wheels, strict=True)}
        self._commit(pins, own_libraries(pins), files)

    def install_apart(
        self,
        inline: Sequence[Path],
        workers: Mapping[str, Sequence[Path]],
        *,
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a generation of one set for this process and one for each plugin of another, and activate it.

        Args:
            inline: wheels for this process.
            workers: canonical id -> the plugin's wheel, then its libraries'.
            changes: keys of the state that the change sets.
        """
        files: dict[str, Path] = {}

        def pinned(wheels: Sequence[Path]) -> list[Pin]:
            pins = [pin_of(wheel, {}) for wheel in wheels]
            libraries = [pin.distribution for pin in pins if pin.id is None]
            files.update({pin.file.sha256: wheel for pin, wheel in zip(pins, wheels, strict=True)})
            return [replace(pin, requires=tuple(libraries)) if pin.id is not None else pin for pin in pins]

        self._commit(pinned(inline), {cid: pinned(wheels) for cid, wheels in workers.items()}, files, changes)

    def _commit(
        self,
        pins: Sequence[Pin],
        workers: Mapping[str, Sequence[Pin]],
        files: Mapping[str, Path],
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        previous = self.store.active_number()
        number = hashlib.sha256(repr([previous, *sorted(files)]).encode()).hexdigest()
        activation = Activation(number, previous, 0, now(), "test", "install", changes=changes or {})

        def record(done: Activation) -> None:
            self.state.change(done.changes, by="test", transaction=done.transaction)

        with self.store.lock(by="test"):
            for _step in self.store.commit(pins, files, workers=workers, activation=activation, record=record):
                pass

    def enable(
        self,
        *plugins: str,
        permissions: Iterable[Permission] | None = None,
        source: str = SOURCE,
        isolation: Choice = "inline",
    ) -> None:
        """Wish plugins, and grant each what its manifest asks, or `permissions`.

        Args:
            plugins: their ids.
            permissions: what each is granted; None for what its manifest asks.
            source: where the user's yes was for.
            isolation: where the user chooses to run those whose manifest allows it: in this process, since most tests
                look into what their plugins do.
        """
        asked = {
            pin.id: report_of(wheel, pin.file.sha256).manifest
            for pin in self.store.active().pins
            if pin.id is not None and (wheel := self.store.wheel(pin.file.sha256)) is not None
        }
        changes: dict[str, Any] = {}
        for plugin in plugins:
            cid = canonical_id(plugin)
            manifest = next((one for one in asked.values() if one is not None and one.canonical_id == cid), None)
            given = tuple(permissions) if permissions is not None else manifest.permissions if manifest else ()
            version = str(manifest.version) if manifest is not None and manifest.version is not None else ""
            changes[f"wish/{cid}"] = True
            if manifest is None or isolation in allowed_choices(manifest.isolation):
                changes[f"isolation/{cid}"] = isolation
            changes[f"grants/{cid}"] = Grant(cid, source, None, given, version).to_mapping()
        self.state.change(changes, by="test")

    def disable(self, *plugins: str) -> None:
        """Take wishes back."""
        self.state.change({f"wish/{canonical_id(plugin)}": False for plugin in plugins}, by="test")

    def host(self, **options: Any) -> Host:
        """A host of the chat on this profile; not started."""
        options.setdefault("hostfile", hostfile())
        return Host("chat", layout=self.layout, **options)


def report_of(wheel: Path, sha256: str) -> WheelReport:
    """What an inspection says of a wheel; one of the same bytes is inspected once in a run."""
    report = _REPORTS.get(sha256)
    if report is None:
        report = _REPORTS[sha256] = inspect_wheel(wheel)
    return report


def own_libraries(pins: Sequence[Pin]) -> dict[str, list[Pin]]:
    """What a resolver gives each plugin for a process of its own: itself, and the libraries that it reaches."""
    libraries = {pin.distribution: pin for pin in pins if pin.id is None}
    found: dict[str, list[Pin]] = {}
    for plugin in pins:
        if plugin.id is None:
            continue
        own, waiting = {}, list(plugin.requires)
        while waiting:
            pin = libraries.get(waiting.pop())
            if pin is not None and pin.distribution not in own:
                own[pin.distribution] = pin
                waiting += pin.requires
        found[canonical_id(plugin.id)] = [plugin, *own.values()]
    return found


def pin_of(wheel: Path, requires: Mapping[str, Sequence[str]]) -> Pin:
    """The pin of a wheel, as a resolver would have made it."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    report = report_of(wheel, digest)
    name = canonical_id(report.name)
    file = File(wheel.name, f"{SOURCE}/files/{digest}/{wheel.name}", digest, wheel.stat().st_size)
    return Pin(name, report.version, file, report.plugin_id, SOURCE, tuple(requires.get(name, ())))
