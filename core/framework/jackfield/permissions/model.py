"""What a plugin asks for: resources, actions on them, and the facets that limit them (C1, C4)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from jackfield.errors import ManifestError
from jackfield.permissions.plain import (
    described_value,
    hidden_character,
    name_value,
    shown_key,
    text_value,
    text_values,
)
from jackfield.permissions.targets import HOST_PATTERN, check_host, check_path, host_covers, path_covers

LONGEST_REASON = 500
"""Characters in a reason: it is read at consent, so it is a sentence."""

NAME_PATTERN = r"[a-z][a-z0-9_.-]{0,63}"
"""Resources and actions, as a regular expression."""

_NAME = re.compile(NAME_PATTERN)


@dataclass(frozen=True, slots=True)
class Permission:
    """One `[[permissions]]` of a manifest, or one permission of a grant.

    Args:
        resource: a part of the host's or the framework's API: `messages`, `network`.
        actions: what is done with it, at least one: `read`, `send`.
        reason: why, in the author's words; shown at consent and never compared.
        hosts: what the permission is limited to, each `name:port`; empty means any host.
        paths: likewise, each an absolute path or `~/…`; empty means any path.
    """

    resource: str = field(
        metadata={"schema": {"type": "string", "pattern": f"^{NAME_PATTERN}$", "description": "what is used"}}
    )
    actions: tuple[str, ...] = field(
        metadata={
            "schema": {
                "type": "array",
                "items": {"type": "string", "pattern": f"^{NAME_PATTERN}$"},
                "minItems": 1,
                "description": "what is done with it",
            }
        }
    )
    reason: str = field(
        default="",
        metadata={
            "schema": {
                "type": "string",
                "maxLength": LONGEST_REASON,
                "description": "why, in one sentence; shown to the user at consent",
            }
        },
    )
    hosts: tuple[str, ...] = field(
        default=(),
        metadata={
            "schema": {
                "type": "array",
                "items": {"type": "string", "pattern": f"^{HOST_PATTERN}$"},
                "description": "limits it to these hosts, each name:port; none means any host",
            }
        },
    )
    paths: tuple[str, ...] = field(
        default=(),
        metadata={
            "schema": {
                "type": "array",
                "items": {"type": "string", "minLength": 1},
                "description": "limits it to these paths and what lies below; none means any path",
            }
        },
    )

    @classmethod
    def from_mapping(
        cls,
        mapping: object,
        *,
        where: str = "permissions[0]",
        unknown: Callable[[str, str], None] | None = None,
    ) -> "Permission":
        """Read a permission from TOML's or JSON's plain values.

        Args:
            mapping: the table.
            where: how errors name the place: `permissions[0]`.
            unknown: told of each unknown key (where, key); without it an unknown key is an error.

        Raises:
            ManifestError: a key is missing, unknown or of the wrong type; the message names it.
        """
        if not isinstance(mapping, Mapping):
            raise ManifestError(f"{where}: expected a table, found {described_value(mapping)}")
        known = {one.name for one in fields(cls)}
        for key in mapping:
            if key not in known:
                if unknown is None:
                    raise ManifestError(
                        f"{where}.{shown_key(str(key))}: unknown key", hint=f"known are {', '.join(sorted(known))}"
                    )
                unknown(where, str(key))
        resource = name_value(mapping.get("resource"), f"{where}.resource", _NAME)
        action_list = text_values(mapping.get("actions"), f"{where}.actions")
        if not action_list:
            raise ManifestError(f"{where}.actions: expected at least one action, found none")
        actions = tuple(name_value(one, f"{where}.actions[{index}]", _NAME) for index, one in enumerate(action_list))
        reason = text_value(mapping.get("reason", ""), f"{where}.reason")
        if len(reason) > LONGEST_REASON:
            raise ManifestError(f"{where}.reason: {len(reason)} characters, at most {LONGEST_REASON} are allowed")
        if hidden := hidden_character(reason):
            raise ManifestError(f"{where}.reason: the hidden character {hidden}")
        hosts = tuple(
            check_host(one, f"{where}.hosts[{index}]")
            for index, one in enumerate(text_values(mapping.get("hosts", ()), f"{where}.hosts"))
        )
        paths = tuple(
            check_path(one, f"{where}.paths[{index}]")
            for index, one in enumerate(text_values(mapping.get("paths", ()), f"{where}.paths"))
        )
        if hosts and paths:
            raise ManifestError(f"{where}: hosts and paths in one permission", hint="write two permissions")
        return cls(resource, tuple(dict.fromkeys(actions)), reason, hosts, paths)

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which `from_mapping` makes the same permission; what is empty is left out."""
        plain: dict[str, Any] = {"resource": self.resource, "actions": list(self.actions)}
        if self.reason:
            plain["reason"] = self.reason
        if self.hosts:
            plain["hosts"] = list(self.hosts)
        if self.paths:
            plain["paths"] = list(self.paths)
        return plain

    def allows(self, resource: str, action: str, target: str | None = None) -> bool:
        """Tell whether it covers `action` on `resource`, and `target` where it is limited.

        A limited permission covers nothing when no target is named, so that a forgotten argument never opens more.
        """
        if resource != self.resource or action not in self.actions:
            return False
        if self.hosts:
            return target is not None and any(host_covers(host, target) for host in self.hosts)
        if self.paths:
            return target is not None and any(path_covers(path, target) for path in self.paths)
        return True

    def __str__(self) -> str:
        limits = self.hosts or self.paths
        return f"{self.resource}:{'+'.join(self.actions)}" + (f" ({', '.join(limits)})" if limits else "")


def atoms(permissions: Iterable[Permission]) -> list[Permission]:
    """Take permissions apart into the smallest: one action, at most one host or path each, in the order asked."""
    split: dict[Permission, None] = {}
    for one in permissions:
        for action in one.actions:
            if one.hosts:
                parts = [Permission(one.resource, (action,), one.reason, hosts=(host,)) for host in one.hosts]
            elif one.paths:
                parts = [Permission(one.resource, (action,), one.reason, paths=(path,)) for path in one.paths]
            else:
                parts = [Permission(one.resource, (action,), one.reason)]
            split.update(dict.fromkeys(parts))
    return list(split)


def covered(atom: Permission, by: Iterable[Permission]) -> bool:
    """Tell whether some permission of `by` covers an atom; the order and the reasons do not matter."""
    action = atom.actions[0]
    for one in by:
        if one.resource != atom.resource or action not in one.actions:
            continue
        if not one.hosts and not one.paths:
            return True
        if atom.hosts and any(host_covers(host, atom.hosts[0]) for host in one.hosts):
            return True
        if atom.paths and any(path_covers(path, atom.paths[0]) for path in one.paths):
            return True
    return False


def merged(parts: Iterable[Permission]) -> tuple[Permission, ...]:
    """Put atoms together again: one permission for each resource, reason and limit, with all its actions."""
    limits: dict[tuple[str, str, str, str], list[Permission]] = {}
    for atom in parts:
        limited_by = "hosts" if atom.hosts else "paths" if atom.paths else ""  # an unlimited one swallows no limit
        limits.setdefault((atom.resource, atom.reason, limited_by, atom.actions[0]), []).append(atom)
    together: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (resource, reason, _, action), same in limits.items():
        hosts = tuple(host for one in same for host in one.hosts)
        paths = tuple(path for one in same for path in one.paths)
        together.setdefault((resource, reason, hosts, paths), []).append(action)
    return tuple(
        Permission(resource, tuple(actions), reason, hosts, paths)
        for (resource, reason, hosts, paths), actions in together.items()
    )
