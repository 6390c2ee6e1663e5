"""What the marketplace says of one plugin, kept as it was put together while nobody commits anything.

An installer asks for it at each plan, and to put it together takes three milliseconds: four queries, and a manifest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from jackfield.manifest import Revocation
from packaging.version import InvalidVersion, Version

from jackfield_marketplace.api.models import (
    Changelog,
    ChangeModel,
    CommandModel,
    PermissionModel,
    PluginDetail,
    RevocationModel,
    VersionModel,
)
from jackfield_marketplace.catalog import (
    Hosts,
    PluginDetails,
    RevokedOf,
    Staged,
    plugin_changelog,
    plugin_details,
    revoked_of,
)
from jackfield_marketplace.db import Database, Plugin
from jackfield_marketplace.search import FoundPlugin

_KEPT_ANSWERS = 2048
_KEPT_BYTES = 32 * 1024
"""Of one answer; a longer one is made each time: anybody may ask for it in many spellings, and since any version."""


class PluginAnswers:
    """The JSON of a plugin's details and changelog. Safe to use from several threads.

    Args:
        database: the catalogue.
        hosts: the host files, whose words permissions are told in.
    """

    def __init__(self, database: Database, hosts: Hosts) -> None:
        self._database = database
        self._hosts = hosts
        self._kept: OrderedDict[tuple[str, str | None], tuple[int, bytes]] = OrderedDict()

    def detail(self, plugin_id: str) -> bytes | None:
        """Everything about one plugin, of its latest version; None for an unknown one."""
        return self._answer((plugin_id, None), lambda: self._detail(plugin_id))

    def changelog(self, plugin_id: str, since: str) -> bytes | None:
        """What changed after a version, or ever; None for an unknown plugin.

        Args:
            plugin_id: in any spelling.
            since: a version (see `is_version`); empty for everything.
        """
        return self._answer((plugin_id, since), lambda: self._changelog(plugin_id, since))

    def ready(self, plugin_id: str, since: str | None) -> bytes | None:
        """The answer if it lies ready: the details, or with `since` the changelog."""
        kept = self._kept.get((plugin_id, since))
        return kept[1] if kept is not None and kept[0] == self._database.change_stamp() else None

    def _answer(self, key: tuple[str, str | None], make: Callable[[], bytes | None]) -> bytes | None:
        # Before anything is read: what is committed in between makes the answer look old, never new.
        stamp = self._database.change_stamp()
        kept = self._kept.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        body = make()
        if body is not None and len(body) <= _KEPT_BYTES:
            self._kept[key] = (stamp, body)
            if len(self._kept) > _KEPT_ANSWERS:
                self._kept.popitem(last=False)
        return body

    def _detail(self, plugin_id: str) -> bytes | None:
        with self._database.read() as session:
            details = plugin_details(session, plugin_id)
            revoked = revoked_of(session, details) if details is not None else None
        if details is None or revoked is None:
            return None
        return _detail(details, self._hosts, revoked).model_dump_json().encode()

    def _changelog(self, plugin_id: str, since: str) -> bytes | None:
        with self._database.read() as session:
            changes = plugin_changelog(session, plugin_id, since or None)
        if changes is None:
            return None
        entries = [ChangeModel(version=one.version, text=one.text, date=one.date) for one in changes]
        return Changelog(changelog=entries).model_dump_json().encode()


def _share(staged: Staged | None) -> int:
    if staged is None:
        return 100
    return 0 if staged.halted is not None else staged.percent


def is_version(text: str) -> bool:
    """Whether a changelog can begin after it."""
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def is_same_version(one: str, other: str) -> bool:
    """Whether two texts name one version, in any spelling of PEP 440 or semver: 1.0 and 1.0.0 do."""
    return one == other or (is_version(one) and is_version(other) and Version(one) == Version(other))


def plugin_summary(plugin: Plugin | FoundPlugin, categories: tuple[str, ...]) -> dict[str, Any]:
    """What a list says of a plugin."""
    return {
        "id": plugin.plugin_id,
        "name": plugin.name,
        "summary": plugin.summary,
        "version": plugin.version,
        "publisher": plugin.publisher,
        "isolation": plugin.isolation,
        "downloads": plugin.downloads,
        "categories": list(categories),
        "app": plugin.app,
        "distribution": plugin.distribution,
        "updated": plugin.updated_at,
    }


def revocation_model(one: Revocation) -> RevocationModel:
    """A revocation as the API tells it."""
    return RevocationModel(
        number=one.number,
        plugin=one.plugin or None,
        distribution=one.distribution or None,
        versions=one.versions,
        files=sorted(one.files),
        reason=one.reason,
        severity=one.severity,
        advice=one.advice,
        revoked=datetime.fromisoformat(one.revoked),
    )


def _detail(details: PluginDetails, hosts: Hosts, revoked: RevokedOf) -> PluginDetail:
    manifest = details.manifest
    return PluginDetail(
        **plugin_summary(details.plugin, details.categories),
        authors=list(manifest.authors),
        link=manifest.link,
        links=details.links,
        permissions=[
            PermissionModel(
                sentence=one.sentence,
                reason=one.reason,
                risk=one.risk,
                resource=one.resource,
                action=one.action,
                targets=list(one.targets),
            )
            for one in hosts.permissions(manifest, details.plugin.app)
        ],
        requires={one.id: f"{one.requirement}{'?' if one.optional else ''}" for one in manifest.requires},
        host={app: str(requirement) for app, requirement in manifest.host.items()},
        tested={app: list(map(str, versions)) for app, versions in manifest.tested.items()},
        requires_python=details.requires_python,
        requires_dist=list(details.requires_dist),
        commands=[CommandModel(name=one.name, usage=one.usage, help=one.help) for one in manifest.contributes.commands],
        readme=details.readme,
        readme_type=details.readme_type,
        versions=[
            VersionModel(
                version=one.version,
                published=one.published_at,
                yanked=False if one.yanked_reason is None else (one.yanked_reason or True),
                size=one.size,
                filename=one.filename,
                sha256=one.sha256,
                revoked=one.revoked,
                rollout=_share(one.staged),
                security=one.staged.security if one.staged is not None and one.staged.confirmed else None,
            )
            for one in details.versions
        ],
        revocations=[revocation_model(one) for one in revoked.revocations],
        appeal=revoked.appeal,
    )
