"""What a user granted, and the check that every capability makes (C6, C13)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jackfield.errors import ManifestError, PermissionDenied
from jackfield.permissions.model import Permission


@dataclass(frozen=True, slots=True)
class Grant:
    """The permissions that a user gave one plugin, bound to where it came from.

    Args:
        plugin: the canonical id.
        source: a marketplace's URL, `environment` or `file`.
        publisher: who published it, None where nobody signed.
        permissions: what was granted.
        version: the version that the user saw; empty when unknown.
        dependencies: canonical ids of the plugins that came with it and were seen at consent.
    """

    plugin: str
    source: str
    publisher: str | None
    permissions: tuple[Permission, ...]
    version: str = ""
    dependencies: tuple[str, ...] = field(default=())

    def allows(self, resource: str, action: str, target: str | None = None) -> bool:
        """Tell whether it covers `action` on `resource`.

        Args:
            resource: `messages`, `network`, …
            action: `read`, `send`, `connect`, …
            target: the host (`api.example.org:443`) or path that is meant. Where the grant is limited to hosts or
                paths and no target is named, the answer is no.
        """
        return any(one.allows(resource, action, target) for one in self.permissions)

    def limits(self, resource: str, action: str) -> tuple[str, ...] | None:
        """Return the hosts or paths that `action` is limited to: empty for no limit, None when it is not granted."""
        matching = [one for one in self.permissions if one.resource == resource and action in one.actions]
        if not matching:
            return None
        if any(not one.hosts and not one.paths for one in matching):
            return ()
        return tuple(dict.fromkeys(limit for one in matching for limit in (*one.hosts, *one.paths)))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain JSON values for the state log."""
        return {
            "plugin": self.plugin,
            "source": self.source,
            "publisher": self.publisher,
            "permissions": [one.to_mapping() for one in self.permissions],
            "version": self.version,
            "dependencies": list(self.dependencies),
        }

    @classmethod
    def from_mapping(cls, mapping: object) -> "Grant":
        """Read what `to_mapping` wrote.

        Raises:
            ManifestError: it is damaged; the message names the key.
        """
        if not isinstance(mapping, Mapping):
            raise ManifestError("grant: expected a table")
        for key, kind in (("plugin", str), ("source", str), ("permissions", list)):
            if not isinstance(mapping.get(key), kind):
                raise ManifestError(f"grant.{key}: expected {kind.__name__}, found {mapping.get(key)!r}")
        publisher, version = mapping.get("publisher"), mapping.get("version", "")
        dependencies = mapping.get("dependencies", [])
        if not (publisher is None or isinstance(publisher, str)) or not isinstance(version, str):
            raise ManifestError("grant.publisher, grant.version: expected text")
        if not isinstance(dependencies, list) or not all(isinstance(one, str) for one in dependencies):
            raise ManifestError("grant.dependencies: expected a list of ids")
        permissions = tuple(
            Permission.from_mapping(one, where=f"grant.permissions[{index}]", unknown=_ignored)
            for index, one in enumerate(mapping["permissions"])
        )
        return cls(mapping["plugin"], mapping["source"], publisher, permissions, version, tuple(dependencies))


def require(grant: Grant | None, plugin: str, resource: str, action: str, target: str | None = None) -> None:
    """Return if `plugin` may do `action` on `resource`.

    Raises:
        PermissionDenied: it may not; the message says what was missing and which command shows the grant (C13).
    """
    if grant is not None and grant.allows(resource, action, target):
        return
    what = f"{resource}:{action}" + (f" {target}" if target is not None else "")
    raise PermissionDenied(
        f"{plugin} may not {what}",
        plugin=plugin,
        hint=f"asked in plugin.toml? granted? see: jackfield permissions {plugin}",
    )


def _ignored(where: str, key: str) -> None:
    """A grant written by a later version may carry more; what we do not know grants nothing."""
