"""The host files that a marketplace holds, so that its pages and checks speak the host's words."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from jackfield.errors import JackfieldError
from jackfield.manifest import FRAMEWORK_RESOURCES, HostFile, Manifest, Risk, read_hostfile_file
from jackfield.permissions import Permission

_ORDER = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class AskedPermission:
    """One action that a plugin asks for, in words; `risk` is `high`, `medium` or `low`."""

    sentence: str
    reason: str
    risk: Risk
    resource: str
    action: str
    targets: tuple[str, ...] = ()


class Hosts:
    """The host files of one marketplace.

    Args:
        folder: holds `<app>.toml` each.
        more: further files, which win over those in the folder.
    """

    def __init__(self, folder: Path, more: tuple[Path, ...] = ()) -> None:
        self._files: dict[str, HostFile] = {}
        self.problems: list[str] = []
        for path in sorted(folder.glob("*.toml")):
            # One that was edited into nonsense must not keep the index from starting.
            try:
                hostfile = read_hostfile_file(path)
            except JackfieldError as exc:
                self.problems.append(exc.message)
            else:
                self._files[hostfile.app] = hostfile
        for path in more:
            hostfile = read_hostfile_file(path)
            self._files[hostfile.app] = hostfile

    @property
    def groups(self) -> tuple[str, ...] | None:
        """The entry-point groups that hold plugins; None (every `<app>.plugins`) while no host file is there."""
        if not self._files:
            return None
        return tuple(sorted({group for hostfile in self._files.values() for group in hostfile.groups}))

    def app_of(self, group: str) -> str:
        """The app whose plugins lie in `group`."""
        for app, hostfile in self._files.items():
            if group in hostfile.groups:
                return app
        return group.removesuffix(".plugins")

    def name_of(self, app: str) -> str:
        """What people call the app."""
        return self._files[app].name if app in self._files else app

    def permissions(self, manifest: Manifest, app: str) -> tuple[AskedPermission, ...]:
        """What a manifest asks for, in the host's words, risky first."""
        asked = [
            self._asked(permission, action, app) for permission in manifest.permissions for action in permission.actions
        ]
        return tuple(sorted(asked, key=lambda each: _ORDER[each.risk]))

    def _asked(self, permission: Permission, action: str, app: str) -> AskedPermission:
        hostfile = self._files.get(app)
        known = hostfile.action(permission.resource, action) if hostfile else None
        if known is None and permission.resource in FRAMEWORK_RESOURCES:
            known = FRAMEWORK_RESOURCES[permission.resource].actions.get(action)
        return AskedPermission(
            # What no host file explains is shown as it is written, and as risky as it may be.
            sentence=known.sentence if known else f"{permission.resource}: {action}",
            reason=permission.reason,
            risk=known.risk if known else "high",
            resource=permission.resource,
            action=action,
            targets=permission.limits,
        )


def add_hostfile(path: Path, folder: Path) -> HostFile:
    """Copy a host file into the marketplace's folder and return what it says.

    Raises:
        ManifestError: it cannot be read.
    """
    hostfile = read_hostfile_file(path)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / f"{hostfile.app}.toml")
    return hostfile
