"""What a set is solved for: a Python, a platform, an application, and what is there already."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType

from packaging.markers import default_environment
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms, sys_tags

from jackfield.errors import UsageError
from jackfield.manifest import Version
from jackfield.resolution.model import Place


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution of the host's environment: fixed, since only pip or uv may change it.

    Args:
        version: PEP 440.
        requires: its Requires-Dist lines; looked at for extras alone, the rest is pip's matter.
        plugin: the canonical id, if it carries a plugin.
    """

    version: str
    requires: tuple[str, ...] = ()
    plugin: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where the set will run.

    Args:
        python: the full version of Python, e.g. "3.11.7".
        tags: the compatibility tags (PEP 425), best first.
        markers: the marker environment (PEP 508).
        app: the application's name; None where no host is known, then `[host]` is not checked.
        api_version: what `[host]` is held against.
        installed: normalised name -> distribution of the host's environment.
        published: those of them that every plugin sees that has a process of its own; all others it does not.
        framework: the version of jackfield; None for the one that runs.
    """

    python: str
    tags: Mapping[Tag, int]
    markers: Mapping[str, str]
    app: str | None = None
    api_version: Version | None = None
    installed: Mapping[str, Installed] = field(default_factory=dict)
    published: frozenset[str] = frozenset()
    framework: Version | None = None

    def fixes(self, place: Place) -> bool:
        """Whether a distribution is the host's own where it is asked for: no other version of it can be had there."""
        within, name = place
        return name in self.installed and (not within or name in self.published)

    @classmethod
    def current(
        cls,
        *,
        app: str | None = None,
        api_version: Version | None = None,
        installed: Mapping[str, Installed] | None = None,
        published: Collection[str] = (),
    ) -> Target:
        """The Python and platform that run now."""
        return cls(
            python=".".join(str(part) for part in sys.version_info[:3]),
            tags=_tags(),
            markers=_markers(),
            app=app,
            api_version=api_version,
            installed=installed or {},
            published=frozenset(published),
        )

    @property
    def name(self) -> str:
        """How lock files call it: `linux-x86_64-cp311`; `musllinux-…` where musl is the C library."""
        system = {"darwin": "macos", "win32": "windows"}.get(self.markers["sys_platform"], self.markers["sys_platform"])
        if any(tag.platform.startswith("musllinux_") for tag in self.tags):
            system = "musllinux"
        major, minor = self.python.split(".")[:2]
        return f"{system}-{self.markers['platform_machine'].lower()}-cp{major}{minor}"

    def named(self, name: str) -> Target:
        """Another Python and platform with the same application, and the host's own distributions as they are here.

        Args:
            name: `linux-x86_64-cp312`, `macos-arm64-cp312`, `windows-amd64-cp313`; also `musllinux-…`.

        Raises:
            UsageError: there is none of that name.
        """
        if name == self.name:
            return self
        match = _NAME.fullmatch(name)
        if match is None or (match["system"], match["machine"]) not in _PLATFORMS:
            known = ", ".join(f"{system}-{machine}" for system, machine in sorted(_PLATFORMS))
            raise UsageError(f"{name!r} is no target", hint=f"one of {known}, and then -cp312 or another Python")
        system, machine, version = match["system"], match["machine"], (int(match["major"]), int(match["minor"]))
        platforms = _PLATFORMS[system, machine]
        interpreter = f"cp{version[0]}{version[1]}"
        every = [
            *cpython_tags(version, platforms=platforms),
            *compatible_tags(version, interpreter=interpreter, platforms=platforms),
        ]
        python = f"{version[0]}.{version[1]}"
        sys_platform, platform_system, os_name = _SYSTEMS[system]
        markers = {
            **self.markers,
            "python_version": python,
            "python_full_version": f"{python}.0",
            "implementation_version": f"{python}.0",
            "sys_platform": sys_platform,
            "platform_system": platform_system,
            "os_name": os_name,
            "platform_machine": machine if system != "windows" else machine.upper(),
            "platform_release": "",
            "platform_version": "",
        }
        tags = {tag: rank for rank, tag in reversed(tuple(enumerate(every)))}
        return replace(self, python=f"{python}.0", tags=MappingProxyType(tags), markers=MappingProxyType(markers))


_NAME = re.compile(r"(?P<system>[a-z]+)-(?P<machine>[a-z0-9_]+)-cp(?P<major>\d)(?P<minor>\d{1,2})")

_SYSTEMS = {
    "linux": ("linux", "Linux", "posix"),
    "musllinux": ("linux", "Linux", "posix"),
    "macos": ("darwin", "Darwin", "posix"),
    "windows": ("win32", "Windows", "nt"),
}

_NEWEST_GLIBC = 28  # 2.28, of which every system is that Python still gets wheels for
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
_OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}  # PEP 600, legacy tags


def _glibc_platforms(machine: str) -> list[str]:
    """What runs with that glibc, the newest first: also what was built for an older one (PEP 600)."""
    platforms: list[str] = []
    for minor in range(_NEWEST_GLIBC, _OLDEST_GLIBC[machine] - 1, -1):
        platforms += [f"manylinux_2_{minor}_{machine}"]
        platforms += [f"{_OLD_NAMES[minor]}_{machine}"] if minor in _OLD_NAMES else []
    return [*platforms, f"linux_{machine}"]


_PLATFORMS: dict[tuple[str, str], list[str]] = {
    **{("linux", machine): _glibc_platforms(machine) for machine in _OLDEST_GLIBC},
    **{
        ("musllinux", machine): [*(f"musllinux_1_{minor}_{machine}" for minor in (2, 1, 0)), f"linux_{machine}"]
        for machine in _OLDEST_GLIBC
    },
    ("macos", "arm64"): list(mac_platforms((14, 0), "arm64")),
    ("macos", "x86_64"): list(mac_platforms((14, 0), "x86_64")),
    ("windows", "amd64"): ["win_amd64"],
}


@cache
def _tags() -> Mapping[Tag, int]:
    """The tags of the Python that runs now, nine hundred of them; they do not change while it does."""
    return MappingProxyType({tag: rank for rank, tag in enumerate(sys_tags())})


@cache
def _markers() -> Mapping[str, str]:
    return MappingProxyType({key: str(value) for key, value in default_environment().items()})
