"""What a user granted, and the check that every capability makes (C6, C13)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jackfield.errors import ManifestError, PermissionDenied
from jackfield.permissions.model import Permission
from jackfield.permissions.plain import described_value, text_value, text_values


@dataclass(frozen=True, slots=True)
class Grant:
    """The permissions that a user gave one plugin, bound to where it came from.

    Args:
        plugin: the canonical id.
        source: a marketplace's URL, `environment` or `file`.
        publisher: who published it, None where nobody says.
        permissions: what was granted.
        version: the version that the user saw; empty when unknown.
        dependencies: canonical ids of the plugins that came with it and were seen at consent.
        key: sha256 of the publisher's key that signed it, None where none did.
        requires: canonical ids of the plugins that it may use freely, since its user saw that its manifest requires
            them; None in a grant that was kept before these were.
    """

    plugin: str
    source: str
    publisher: str | None
    permissions: tuple[Permission, ...]
    version: str = ""
    dependencies: tuple[str, ...] = ()
    key: str | None = None
    requires: tuple[str, ...] | None = None

    def allows(self, resource: str, action: str, target: str | None = None) -> bool:
        """Tell whether it covers `action` on `resource`.

        Args:
            resource: `messages`, `network`, …
            action: `read`, `send`, `connect`, …
            target: the host (`api.example.org:443`), path or name that is meant. Where the grant is limited and no
                target is named, the answer is no.
        """
        return any(one.allows(resource, action, target) for one in self.permissions)

    def binds(self, *, plugin: str, source: str, publisher: str | None, key: str | None = None) -> bool:
        """Tell whether it was given to this plugin, from this source, by this publisher and key: else for nothing."""
        return (self.plugin, self.source, self.publisher, self.key) == (plugin, source, publisher, key)

    def unseen(self, requires: Iterable[str]) -> tuple[str, ...]:
        """Return those of the required plugins (canonical ids) that its user has not seen; none where nobody knows."""
        return () if self.requires is None else tuple(one for one in requires if one not in self.requires)

    def limits(self, resource: str, action: str) -> tuple[str, ...] | None:
        """Return what `action` is limited to (hosts, paths, names): empty for no limit, None when it is not granted."""
        matching = [one for one in self.permissions if one.resource == resource and action in one.actions]
        if not matching:
            return None
        if any(not one.limits for one in matching):
            return ()
        return tuple(dict.fromkeys(limit for one in matching for limit in one.limits))

    def to_mapping(self) -> dict[str, Any]:
        """Return plain JSON values for the state log."""
        return {
            "plugin": self.plugin,
            "source": self.source,
            "publisher": self.publisher,
            "permissions": [one.to_mapping() for one in self.permissions],
            "version": self.version,
            "dependencies": list(self.dependencies),
            "key": self.key,
            "requires": None if self.requires is None else list(self.requires),
        }

    @classmethod
    def from_mapping(cls, mapping: object) -> "Grant":
        """Read what `to_mapping` wrote.

        A permission with a key that we do not know is left out: a later version may limit it by that key, and without
        the limit it would grant more than the user gave.

        Raises:
            ManifestError: it is damaged; the message names the key.
        """
        if not isinstance(mapping, Mapping):
            raise ManifestError(f"grant: expected a table, found {described_value(mapping)}")
        plugin = text_value(mapping.get("plugin"), "grant.plugin")
        source = text_value(mapping.get("source"), "grant.source")
        publisher = mapping.get("publisher")
        if publisher is not None:
            publisher = text_value(publisher, "grant.publisher")
        key = mapping.get("key")
        if key is not None:
            key = text_value(key, "grant.key")
        version = text_value(mapping.get("version", ""), "grant.version")
        dependencies = text_values(mapping.get("dependencies", ()), "grant.dependencies")
        requires = mapping.get("requires")
        if requires is not None:
            requires = text_values(requires, "grant.requires")
        asked = mapping.get("permissions")
        if not isinstance(asked, list | tuple):
            raise ManifestError(f"grant.permissions: expected a list, found {described_value(asked)}")
        unknown: set[str] = set()
        read = {
            where: Permission.from_mapping(one, where=where, unknown=lambda place, _: unknown.add(place))
            for where, one in ((f"grant.permissions[{index}]", one) for index, one in enumerate(asked))
        }
        permissions = tuple(permission for where, permission in read.items() if where not in unknown)
        return cls(plugin, source, publisher, permissions, version, dependencies, key, requires)


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
