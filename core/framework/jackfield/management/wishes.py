"""What a user may change without an install: enable, disable, grant, revoke, pin. State changes, no generation does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jackfield.errors import PermissionDenied, PluginError, UsageError
from jackfield.management.clashes import clashes
from jackfield.management.consent import Coming, Consent, ConsentMissing, Standing, renewed
from jackfield.management.inventory import Inventory
from jackfield.management.plan import ConsentRequest
from jackfield.management.reports import PermissionReport
from jackfield.management.unmet import refusal
from jackfield.manifest import Candidate, HostFile, Manifest, Requirement
from jackfield.permissions import Grant, Growth, GrowthEntry, Permission, Placement, decide
from jackfield.storage import State, longest_enabled


class Wishes:
    """The user's word on installed plugins.

    Args:
        app: the application's name.
        hostfile: its host file.
        state: where the word is kept.
        inventory: what is installed.
    """

    def __init__(self, app: str, hostfile: HostFile | None, state: State, inventory: Inventory) -> None:
        self._app = app
        self._hostfile = hostfile
        self._state = state
        self._inventory = inventory
        self._words = Consent(app, hostfile)

    def request(self, plugin: str) -> ConsentRequest:
        """What enabling a plugin asks; its growth is empty where the user agreed before.

        Raises:
            UnknownPlugin: it is not installed.
            PluginError: it cannot run here at all.
        """
        candidate = self._inventory.candidate(plugin)
        if candidate.problem is not None:
            raise candidate.problem
        revoked = self._inventory.revoked.get(candidate.canonical_id)
        if revoked is not None and revoked.stopped:
            hint = f"to run it for a day all the same: jackfield allow-revoked {candidate.id}"
            raise PluginError(f"{candidate.id} {revoked.problem}", plugin=candidate.id, hint=hint)
        if candidate.origin == "script":
            return self._script(candidate)
        if candidate.manifest is None:
            return self._legacy(candidate)
        placement = self._inventory.placement(candidate.canonical_id, candidate.manifest)
        problem = refusal(candidate.manifest, self._app, self._hostfile) or placement.problem
        if problem:
            raise PluginError(f"{candidate.id} {problem}", plugin=candidate.id)
        standing = self._standing(candidate)
        return self._words.request(self._coming(candidate, candidate.manifest), standing)

    def enable(self, plugin: str, *, accept_permissions: bool, shown: ConsentRequest | None = None, by: str) -> None:
        """Enable a plugin, and with consent grant it what it asks; see `Management.enable`."""
        candidate = self._inventory.candidate(plugin)
        cid = candidate.canonical_id
        known = self._known(cid)
        request = self.request(plugin)
        changes: dict[str, Any] = {f"wish/{cid}": True}
        if request.growth:
            if not accept_permissions or (shown is not None and shown != request):
                raise ConsentMissing([request])  # or it is another one by now than the one that was read
            if candidate.manifest is None:
                changes[f"trust/{cid}"] = {"source": "environment", "version": candidate.version}
        standing = self._standing(candidate)
        if candidate.manifest is not None and candidate.origin != "script" and (request.growth or standing is None):
            # One that asks for nothing is granted just that: it is bound to where it came from all the same.
            coming = self._coming(candidate, candidate.manifest)
            changes[f"grants/{cid}"] = renewed(coming, standing, request.growth).to_mapping()
        self._state.change(changes, by=by, why=f"enable {candidate.id}", expecting=known)

    def clashes(self, plugin: str) -> tuple[str, ...]:
        """Say which commands of a plugin are those of others that have been enabled longer, a sentence each."""
        candidate = self._inventory.candidate(plugin)
        if candidate.manifest is None:
            return ()
        own, longest = candidate.canonical_id, longest_enabled(self._state)
        newer = longest[longest.index(own) :] if own in longest else ()
        manifests = self._inventory.manifests.items()
        others = {cid: one for cid, one in manifests if cid not in {own, *newer} and self._inventory.enabled(cid)}
        return tuple(clashes({own: candidate.manifest}, lambda: others, {}))

    def disable(self, plugin: str, *, by: str) -> None:
        """Disable a plugin; its grant and its data stay."""
        candidate = self._inventory.candidate(plugin)
        self._state.change({f"wish/{candidate.canonical_id}": False}, by=by, why=f"disable {candidate.id}")

    def permissions(self, plugin: str) -> PermissionReport:
        """What a plugin asks, and what of it is granted."""
        candidate = self._inventory.candidate(plugin)
        cid = candidate.canonical_id
        grant = self._inventory.grant(cid)
        if candidate.origin == "script":
            return PermissionReport(self._script(candidate), grant, self._inventory.enabled(cid))
        if candidate.manifest is None:
            return PermissionReport(self._legacy(candidate), grant, self._inventory.enabled(cid))
        standing = Standing(
            candidate.manifest, candidate.version, grant, self._inventory.placement(cid, candidate.manifest)
        )
        request = self._words.request(self._coming(candidate, candidate.manifest), standing)
        return PermissionReport(request, grant, self._inventory.enabled(cid))

    def grant(self, plugin: str, permission: str | None, *, by: str) -> PermissionReport:
        """Grant one permission that the manifest asks, or all of them.

        Args:
            plugin: its id.
            permission: `resource:action`; None for all.
            by: who grants it.

        Raises:
            UnknownPlugin: it is not installed.
            UsageError: it was never enabled: that is the question to answer first.
            PermissionDenied: its manifest does not ask for that.
        """
        candidate, manifest = self._manifest(plugin)
        known = self._known(candidate.canonical_id)
        asked = [one for one in manifest.permissions if permission is None or _matches(one, permission)]
        if permission is not None and not asked:
            raise PermissionDenied(
                f"{candidate.id} does not ask for {permission}", plugin=candidate.id, hint=_asked(manifest)
            )
        wanted = [one if permission is None else _only(one, permission) for one in asked]
        before = self._inventory.grant(candidate.canonical_id)
        if before is None:  # a single permission must not pass by the question where the plugin runs
            raise UsageError(f"nothing is granted to {candidate.id} yet", hint=f"jackfield enable {candidate.id}")
        given = Grant("", "", None, (*before.permissions, *wanted))
        kept = decide(manifest.permissions, given).granted
        self._put(candidate, kept, known, by=by, why=f"grant {permission or 'all'} to {candidate.id}")
        return self.permissions(plugin)

    def revoke(self, plugin: str, permission: str | None, *, by: str) -> PermissionReport:
        """Take back one permission, or everything: then the plugin does not run until it is enabled with a yes again.

        Args:
            plugin: its id.
            permission: `resource:action`; None for all.
            by: who revokes it.

        Raises:
            UnknownPlugin: it is not installed.
            PermissionDenied: it was not granted.
        """
        candidate, manifest = self._manifest(plugin)
        cid = candidate.canonical_id
        known = self._known(cid)
        grant = self._inventory.grant(cid)
        if permission is None:
            self._state.change(
                {f"grants/{cid}": None, f"trust/{cid}": None}, by=by, why=f"revoke all of {candidate.id}"
            )
            return self.permissions(plugin)
        resource, _, action = permission.partition(":")
        held = grant.permissions if grant is not None else ()
        if not any(one.resource == resource and action in one.actions for one in held):
            raise PermissionDenied(f"{permission} is not granted to {candidate.id}", plugin=cid, hint=_asked(manifest))
        kept = tuple(rest for one in held if (rest := _less(one, resource, action)) is not None)
        self._put(candidate, kept, known, by=by, why=f"revoke {permission} of {candidate.id}")
        return self.permissions(plugin)

    def pin(self, plugin: str, requirement: str | None, *, by: str) -> None:
        """Hold a plugin to versions, for every later update; None lets it go.

        Raises:
            UnknownPlugin: it is not installed.
            RequirementError: the requirement cannot be read.
        """
        candidate = self._inventory.candidate(plugin)
        text = Requirement.parse(requirement).text if requirement is not None else None
        why = f"hold {candidate.id} to {text}" if text else f"let {candidate.id} go"
        self._state.change({f"pin/{candidate.canonical_id}": text}, by=by, why=why)

    def _manifest(self, plugin: str) -> tuple[Candidate, Manifest]:
        candidate = self._inventory.candidate(plugin)
        if candidate.manifest is None:
            raise UsageError(
                f"{candidate.id} has no manifest, so it asks for no permission: it is trusted fully, or not enabled",
                hint=f"jackfield disable {candidate.id}",
            )
        return candidate, candidate.manifest

    def _standing(self, candidate: Candidate) -> Standing | None:
        """What the user agreed to, if that was for this very source and these permissions."""
        grant = self._inventory.grant(candidate.canonical_id)
        if grant is None:
            return None
        same = grant.version == candidate.version
        placement = self._inventory.placement(candidate.canonical_id, candidate.manifest)
        return Standing(candidate.manifest if same else None, candidate.version, grant, placement)

    def _coming(self, candidate: Candidate, manifest: Manifest) -> Coming:
        grant = self._inventory.grant(candidate.canonical_id)
        source = self._inventory.source(candidate)
        publisher, published, key = None, None, None
        if candidate.origin == "store":
            publisher, published = self._inventory.published(candidate.canonical_id)
            key = self._inventory.signed_by(candidate.canonical_id)
        if publisher is None and grant is not None and grant.source == source:
            publisher, key = grant.publisher, grant.key  # installed before the state kept who published what
        placement = self._inventory.placement(candidate.canonical_id, manifest)
        return Coming(manifest, candidate.version, source, publisher, published, placement=placement, key=key)

    def _known(self, cid: str) -> dict[str, Any]:
        """The grant that a change is worked out from: another terminal may be changing it as well."""
        key = f"grants/{cid}"
        return {key: self._state.get(key)}

    def _put(
        self,
        candidate: Candidate,
        permissions: tuple[Permission, ...],
        known: Mapping[str, Any],
        *,
        by: str,
        why: str,
    ) -> None:
        cid = candidate.canonical_id
        before = self._inventory.grant(cid)
        grant = Grant(
            plugin=cid,
            source=self._inventory.source(candidate),
            publisher=before.publisher if before is not None else None,
            permissions=permissions,
            version=candidate.version,
            dependencies=before.dependencies if before is not None else (),
            key=before.key if before is not None else None,
            requires=before.requires if before is not None else None,
        )
        self._state.change({f"grants/{cid}": grant.to_mapping()}, by=by, why=why, expecting=known)

    def _script(self, candidate: Candidate) -> ConsentRequest:
        """A script asks for nothing: whoever put it into the folder trusted it, and it runs where it can do all."""
        return ConsentRequest(
            plugin=candidate.id,
            name=candidate.name,
            version=candidate.version,
            source="script",
            isolation_sentence=self._words.isolation_sentence(Placement()),
            permissions=(),
            brings=(),
            growth=Growth(),
        )

    def _legacy(self, candidate: Candidate) -> ConsentRequest:
        entry = GrowthEntry("isolation", candidate.canonical_id, None, "has no manifest: it asks for full trust")
        return ConsentRequest(
            plugin=candidate.id,
            name=candidate.id,
            version=candidate.version,
            source="environment",
            isolation_sentence=self._words.isolation_sentence(Placement()),
            permissions=(),
            brings=(),
            growth=Growth() if self._inventory.consented(candidate) else Growth((entry,)),
            legacy=True,
        )


def _matches(permission: Permission, text: str) -> bool:
    resource, _, action = text.partition(":")
    return permission.resource == resource and (not action or action in permission.actions)


def _only(permission: Permission, text: str) -> Permission:
    action = text.partition(":")[2]
    actions = (action,) if action else permission.actions
    return replace(permission, actions=actions)


def _less(permission: Permission, resource: str, action: str) -> Permission | None:
    if permission.resource != resource:
        return permission
    rest = tuple(one for one in permission.actions if one != action)
    return replace(permission, actions=rest) if rest else None


def _asked(manifest: Manifest) -> str:
    return "it asks for " + (
        ", ".join(f"{one.resource}:{action}" for one in manifest.permissions for action in one.actions) or "nothing"
    )
