"""What a user is asked, in the host's words; pure.

Rules: risky permissions first; what the version before did not ask is marked; where it runs is always said. A plugin
that runs inline asks for full trust, in so many words, since Python cannot hold back code in its own process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jackfield.errors import ConsentRequired
from jackfield.management.plan import RISKS, AskedPermission, ConsentRequest
from jackfield.manifest import FRAMEWORK_RESOURCES, HostFile, Manifest, Risk
from jackfield.permissions import Asked, Grant, Growth, GrowthEntry, Permission, Placement, decide, growth


class ConsentMissing(ConsentRequired):
    """A plan asks for more than was agreed to; nothing was changed.

    Args:
        requests: what a user has to say yes to.
    """

    def __init__(self, requests: Sequence[ConsentRequest]) -> None:
        names = ", ".join(f"{request.plugin} {request.version}" for request in requests)
        asks = "; ".join(
            dict.fromkeys(
                sentence
                for request in requests
                for sentence in (
                    *(one.sentence for one in request.permissions if one.new or request.previous is None),
                    *request.growth.uses,
                )
            )
        )
        super().__init__(
            f"{names} needs a yes; nothing was changed" + (f" (asked: {asks})" if asks else ""),
            plugin=requests[0].plugin,
            hint="--accept-permissions says yes",
        )
        self.requests = tuple(requests)


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a plugin before a change: its manifest, its version, what the user granted it, where it runs."""

    manifest: Manifest | None
    version: str
    grant: Grant | None
    placement: Placement = field(default_factory=Placement)


@dataclass(frozen=True, slots=True)
class Coming:
    """What a plugin will be after a change.

    Args:
        manifest: of the version that comes.
        version: of its distribution.
        source: the marketplace's URL, `environment` or `file`.
        publisher: who published it.
        published: when its file was published, ISO 8601 in UTC; None where nobody says.
        dependencies: canonical id -> manifest, of the plugins that it requires, with theirs.
        brings: ids and names of what is installed because of it.
        placement: where it will run.
        key: sha256 of the publisher's key that signed its file, None where none did.
        rollout: the share of installations that it is meant for while it is rolled out, in per cent; None for all.
        signature: the publisher's own on it (a DSSE envelope), for who has to verify it elsewhere.
    """

    manifest: Manifest
    version: str
    source: str
    publisher: str | None = None
    published: str | None = None
    dependencies: Mapping[str, Manifest] | None = None
    brings: tuple[str, ...] = ()
    placement: Placement = field(default_factory=Placement)
    key: str | None = None
    rollout: int | None = None
    signature: str | None = None

    @property
    def said(self) -> dict[str, Any]:
        """What the state keeps of where it came from."""
        more = {"signature": self.signature, "rollout": self.rollout}
        kept = {"by": self.publisher, "at": self.published, "key": self.key}
        return kept | {name: value for name, value in more.items() if value is not None}


class Consent:
    """Makes consent requests in one application's words.

    Args:
        app: the application's name, where no host file names it.
        hostfile: its resources and sentences.
    """

    def __init__(self, app: str, hostfile: HostFile | None) -> None:
        self._host = hostfile.name if hostfile is not None else app
        self._hostfile = hostfile

    def request(
        self, coming: Coming, standing: Standing | None, installed: Mapping[str, Manifest] | None = None
    ) -> ConsentRequest:
        """What to ask about one plugin; its growth is empty where nothing needs a new yes.

        Args:
            coming: what it will be.
            standing: what it is; None at a first install, or where nothing was granted yet.
            installed: canonical id -> manifest, of what is installed now.
        """
        grown = self.growth(coming, standing, installed or {})
        fresh = standing is None or standing.grant is None
        own = [one.permission for one in grown.entries if one.kind == "permission" and one.permission is not None]
        return ConsentRequest(
            plugin=coming.manifest.id,
            name=coming.manifest.name,
            version=coming.version,
            source=coming.source,
            isolation_sentence=self.isolation_sentence(coming.placement),
            permissions=self.permissions(
                coming.manifest.permissions,
                new=() if fresh else own,
                grant=standing.grant if standing is not None else None,
            ),
            brings=coming.brings,
            growth=grown,
            publisher=coming.publisher,
            key=coming.key,
            published=coming.published,
            previous=standing.version if standing is not None else None,
        )

    def growth(self, coming: Coming, standing: Standing | None, installed: Mapping[str, Manifest]) -> Growth:
        """What needs a yes: against what the user decided about before, not against what is left of the grant.

        So a permission that the user revoked is not asked again by every update.
        """
        dependencies = coming.dependencies or {}
        new = Asked(
            permissions=coming.manifest.permissions,
            source=coming.source,
            publisher=coming.publisher,
            isolation=coming.placement.isolation,
            dependencies={cid: one.permissions for cid, one in dependencies.items()},
            requires=required_by(coming.manifest),
            plugin=coming.manifest.canonical_id,
            key=coming.key,
        )
        if standing is None or standing.grant is None:
            return self._told(growth(None, new))
        grant, before = standing.grant, standing.manifest
        old = Asked(
            permissions=before.permissions if before is not None else grant.permissions,
            source=grant.source,
            publisher=grant.publisher,
            isolation=standing.placement.isolation if before is not None else "worker",
            dependencies={cid: installed[cid].permissions for cid in dependencies if cid in installed},
            requires=_agreed(grant, before),
            plugin=coming.manifest.canonical_id,
            key=grant.key,
        )
        return self._told(growth(old, new))

    def permissions(
        self, asked: Iterable[Permission], *, new: Iterable[Permission] = (), grant: Grant | None = None
    ) -> tuple[AskedPermission, ...]:
        """Permissions as sentences, risky first, then in the author's order."""
        grown = tuple(new)
        found = [
            AskedPermission(
                sentence=self.sentence(one, action),
                reason=one.reason,
                risk=self._risk(one.resource, action),
                resource=one.resource,
                action=action,
                new=any(_meets(one, action, other) for other in grown),
                granted=bool(grant) and not decide([_single(one, action)], grant).missing,
            )
            for one in asked
            for action in one.actions
        ]
        return tuple(sorted(found, key=lambda one: RISKS.index(one.risk)))

    def sentence(self, permission: Permission, action: str) -> str:
        """What the plugin may then do, and where, if it is limited."""
        limits = ", ".join(permission.limits)
        said = self._sentence(permission.resource, action)
        return f"{said}: {limits} only" if limits else said

    def isolation_sentence(self, placement: Placement) -> str:
        """Where a plugin runs and what that means."""
        if placement.problem:
            return f"nothing yet: it {placement.problem}"
        if placement.isolation == "external":
            return (
                f"a program that somebody starts and {self._host} does not hold back; of {self._host} it gets what you "
                "grant and nothing else"
            )
        if placement.isolation == "process":
            return "a process of its own that is not confined: it can do what you can (full trust)"
        if placement.own_process:
            return "a process of its own, with what you grant and nothing else"
        # Permissions cannot hold back code in the application's own process; "full trust" is the word for that.
        return f"{self._host} itself, with all its rights (full trust)"

    def _told(self, grown: Growth) -> Growth:
        """The same with permissions as sentences, and with the name of what comes along."""
        return Growth(tuple(self._told_entry(entry) for entry in grown.entries))

    def _told_entry(self, entry: GrowthEntry) -> GrowthEntry:
        if entry.permission is None:
            return entry
        asked = f"asks to {', '.join(self.sentence(entry.permission, action) for action in entry.permission.actions)}"
        return replace(
            entry, detail=asked if entry.kind == "permission" else f"comes with {entry.plugin}, which {asked}"
        )

    def _sentence(self, resource: str, action: str) -> str:
        if self._hostfile is not None:
            return self._hostfile.sentence(resource, action)
        known = FRAMEWORK_RESOURCES.get(resource)
        found = known.actions.get(action) if known is not None else None
        return found.sentence if found is not None else f"do {resource}:{action}, which {self._host} does not describe"

    def _risk(self, resource: str, action: str) -> Risk:
        if self._hostfile is not None:
            return self._hostfile.risk(resource, action)
        known = FRAMEWORK_RESOURCES.get(resource)
        found = known.actions.get(action) if known is not None else None
        return found.risk if found is not None else "high"


def requests_and_grants(
    words: Consent,
    coming: Mapping[str, Coming],
    standing: Callable[[str], Standing | None],
    installed: Mapping[str, Manifest],
    makers: Mapping[str, tuple[str | None, str | None]],
) -> tuple[tuple[ConsentRequest, ...], dict[str, Grant]]:
    """What to ask of a whole plan, by plugin, and the grants that a yes gives.

    Args:
        words: of the application.
        coming: canonical id -> what it will be.
        standing: tells what there is of a plugin now.
        installed: canonical id -> manifest, of what is installed.
        makers: canonical id -> publisher and key of the version that is, or was last, installed.
    """
    requests, grants = [], {}
    for cid, one in coming.items():
        before = standing(cid)
        request = words.request(one, before, installed)
        if before is None or before.grant is None:
            # A key is pinned by an install, and neither by a grant nor for as long as the plugin is there.
            other = Growth(_other_key(one, *makers[cid]))
            if before is not None:
                requests += [replace(request, growth=other)] if other else []
                continue  # nothing runs without a grant: it is asked when the plugin is enabled
            request = replace(request, growth=Growth((*request.growth.entries, *other.entries)))
        if request.growth:
            requests.append(request)
        grants[cid] = renewed(one, before, request.growth)
    return tuple(sorted(requests, key=lambda request: request.plugin)), grants


def _other_key(coming: Coming, publisher: str | None, key: str | None) -> tuple[GrowthEntry, ...]:
    """That a plugin comes without the publisher's key by which it is known."""
    if key in (None, coming.key):
        return ()
    cid = coming.manifest.canonical_id
    before = Asked(publisher=publisher, key=key, plugin=cid)
    return growth(before, Asked(publisher=coming.publisher, key=coming.key, plugin=cid)).entries


def renewed(coming: Coming, standing: Standing | None, grown: Growth) -> Grant:
    """The grant after a yes: what was granted and is still asked, and what grew; what was revoked stays revoked."""
    asked = coming.manifest.permissions
    if standing is not None and standing.grant is not None:
        own = [one.permission for one in grown.entries if one.kind == "permission" and one.permission is not None]
        given = Grant("", "", None, (*standing.grant.permissions, *own))
        asked = decide(asked, given).granted
    return Grant(
        plugin=coming.manifest.canonical_id,
        source=coming.source,
        publisher=coming.publisher,
        permissions=asked,
        version=coming.version,
        dependencies=tuple(sorted(coming.dependencies or {})),
        key=coming.key,
        requires=required_by(coming.manifest),
    )


def required_by(manifest: Manifest) -> tuple[str, ...]:
    """Canonical ids of the plugins that a manifest requires, also optionally."""
    return tuple(dict.fromkeys(one.canonical_id for one in manifest.requires))


def _agreed(grant: Grant, before: Manifest | None) -> tuple[str, ...]:
    """The plugins that its user agreed to that it uses; a grant that does not tell was given to the manifest."""
    if grant.requires is not None:
        return grant.requires
    return required_by(before) if before is not None else ()


def _meets(asked: Permission, action: str, grown: Permission) -> bool:
    """Whether what grew is a part of what is asked: the same action, on one of the same hosts, paths or names."""
    if asked.resource != grown.resource or action not in grown.actions:
        return False
    limits, others = set(asked.limits), set(grown.limits)
    return bool(limits & others) or limits == others


def _single(permission: Permission, action: str) -> Permission:
    return replace(permission, actions=(action,), reason="")
