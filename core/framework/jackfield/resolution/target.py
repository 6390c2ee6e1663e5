"""What a set is solved for: a Python, a platform, an application, and what is there already."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from packaging.markers import default_environment
from packaging.tags import Tag, sys_tags

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
    """

    python: str
    tags: Mapping[Tag, int]
    markers: Mapping[str, str]
    app: str | None = None
    api_version: Version | None = None
    installed: Mapping[str, Installed] = field(default_factory=dict)
    published: frozenset[str] = frozenset()

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


@cache
def _tags() -> Mapping[Tag, int]:
    """The tags of the Python that runs now, nine hundred of them; they do not change while it does."""
    return MappingProxyType({tag: rank for rank, tag in enumerate(sys_tags())})


@cache
def _markers() -> Mapping[str, str]:
    return MappingProxyType({key: str(value) for key, value in default_environment().items()})
