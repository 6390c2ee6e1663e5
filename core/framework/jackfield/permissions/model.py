"""What a plugin asks for: resources, actions on them, and the facets that limit them (C1, C4)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
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
from jackfield.permissions.targets import (
    HOST_PATTERN,
    NAME_LIMIT_PATTERN,
    check_host,
    check_name,
    check_path,
    host_covers,
    name_covers,
    path_covers,
)

LONGEST_REASON = 500
"""Characters in a reason: it is read at consent, so it is a sentence."""

NAME_PATTERN = r"[a-z][a-z0-9_.-]{0,63}"
"""Resources and actions, as a regular expression."""

_NAME = re.compile(NAME_PATTERN)

#: What a permission can be limited by: the key -> how a limit is read, and whether one takes another.
_LIMITS: dict[str, tuple[Callable[[str, str], str], Callable[[str, str], bool]]] = {
    "hosts": (check_host, host_covers),
    "paths": (check_path, path_covers),
    "names": (check_name, name_covers),
}


@dataclass(frozen=True, slots=True)
class Permission:
    """One `[[permissions]]` of a manifest, or one permission of a grant.

    Args:
        resource: a part of the host's or the framework's API: `messages`, `network`.
        actions: what is done with it, at least one: `read`, `send`.
        reason: why, in the author's words; shown at consent and never compared.
        hosts: what the permission is limited to, each `name:port`; empty means any host.
        paths: likewise, each an absolute path or `~/…`; empty means any path.
        names: likewise, each the name of an environment variable or its beginning and `*`; empty means any name.
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
    names: tuple[str, ...] = field(
        default=(),
        metadata={
            "schema": {
                "type": "array",
                "items": {"type": "string", "pattern": f"^{NAME_LIMIT_PATTERN}$"},
                "description": "limits it to these environment variables; none means any",
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
        limits = {
            key: tuple(
                check(one, f"{where}.{key}[{index}]")
                for index, one in enumerate(text_values(mapping.get(key, ()), f"{where}.{key}"))
            )
            for key, (check, _) in _LIMITS.items()
        }
        given = [key for key, values in limits.items() if values]
        if len(given) > 1:
            raise ManifestError(f"{where}: {' and '.join(given)} in one permission", hint="write two permissions")
        return cls(resource, tuple(dict.fromkeys(actions)), reason, **limits)

    @property
    def limits(self) -> tuple[str, ...]:
        """The hosts, paths or names that it is limited to; empty means it is not."""
        return self.hosts or self.paths or self.names

    def to_mapping(self) -> dict[str, Any]:
        """Return plain values from which `from_mapping` makes the same permission; what is empty is left out."""
        plain: dict[str, Any] = {"resource": self.resource, "actions": list(self.actions)}
        if self.reason:
            plain["reason"] = self.reason
        plain |= {key: list(values) for key in _LIMITS if (values := getattr(self, key))}
        return plain

    def allows(self, resource: str, action: str, target: str | None = None) -> bool:
        """Tell whether it covers `action` on `resource`, and `target` where it is limited.

        A limited permission covers nothing when no target is named, so that a forgotten argument never opens more.
        """
        if resource != self.resource or action not in self.actions:
            return False
        if not self.limits:
            return True
        covers = _LIMITS[_limited_by(self)][1]
        return target is not None and any(covers(one, target) for one in self.limits)

    def __str__(self) -> str:
        limits = f" ({', '.join(self.limits)})" if self.limits else ""
        return f"{self.resource}:{'+'.join(self.actions)}{limits}"


def atoms(permissions: Iterable[Permission]) -> list[Permission]:
    """Take permissions apart into the smallest: one action, at most one host, path or name each, in the order asked."""
    split: dict[Permission, None] = {}
    for one in permissions:
        limited_by = _limited_by(one)
        for action in one.actions:
            single = replace(one, actions=(action,))
            parts = [_limited(single, limited_by, (limit,)) for limit in one.limits] or [single]
            split.update(dict.fromkeys(parts))
    return list(split)


def covered(atom: Permission, by: Iterable[Permission]) -> bool:
    """Tell whether some permission of `by` covers an atom; the order and the reasons do not matter."""
    action = atom.actions[0]
    limited_by = _limited_by(atom)
    for one in by:
        if one.resource != atom.resource or action not in one.actions:
            continue
        if not one.limits:
            return True
        if limited_by and any(_LIMITS[limited_by][1](limit, atom.limits[0]) for limit in getattr(one, limited_by)):
            return True
    return False


def merged(parts: Iterable[Permission]) -> tuple[Permission, ...]:
    """Put atoms together again: one permission for each resource, reason and limit, with all its actions."""
    same_limit: dict[tuple[str, str, str, str], list[Permission]] = {}
    for atom in parts:  # an unlimited one swallows no limit
        same_limit.setdefault((atom.resource, atom.reason, _limited_by(atom), atom.actions[0]), []).append(atom)
    together: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
    for (resource, reason, limited_by, action), same in same_limit.items():
        limits = tuple(limit for one in same for limit in one.limits)
        together.setdefault((resource, reason, limited_by, limits), []).append(action)
    return tuple(
        _limited(Permission(resource, tuple(actions), reason), limited_by, limits)
        for (resource, reason, limited_by, limits), actions in together.items()
    )


def _limited_by(permission: Permission) -> str:
    """The key that limits it; empty for none."""
    return next((key for key in _LIMITS if getattr(permission, key)), "")


def _limited(permission: Permission, limited_by: str, limits: tuple[str, ...]) -> Permission:
    taken = {key: limits if key == limited_by else () for key in _LIMITS}
    return Permission(permission.resource, permission.actions, permission.reason, **taken)
