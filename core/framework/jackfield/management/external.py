"""External plugins and their keys: made after consent, listed with their last use, revoked. No code runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jackfield.discovery import EXTERNAL, external_candidate, external_record
from jackfield.errors import PluginError, UnknownPlugin, UsageError
from jackfield.isolation import KEYS, Key, KeyUses, NewKey, kept_keys, new_key
from jackfield.management.consent import Coming, Consent, ConsentMissing, Standing, renewed
from jackfield.management.inventory import Inventory
from jackfield.management.plan import ConsentRequest
from jackfield.management.specs import canonical
from jackfield.management.unmet import refusal
from jackfield.manifest import Candidate, HostFile
from jackfield.permissions import Placement
from jackfield.storage import State

EXTERNALLY = Placement("external")


@dataclass(frozen=True, slots=True)
class KeyReport:
    """A key as people see it; the key itself is not known any more.

    Args:
        number: names it, for `revoke`.
        plugin: the id of the plugin that it lets in.
        name: what its owner calls it; empty for none.
        made: when, ISO 8601 in UTC.
        by: who made it.
        last_used: when it last let the plugin in; None for never.
        address: from where that was; empty for never.
    """

    number: str
    plugin: str
    name: str
    made: str
    by: str
    last_used: str | None
    address: str

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


class ExternalPlugins:
    """The external plugins of one profile, as their user manages them.

    Args:
        app: the application's name.
        hostfile: its host file.
        state: where keys are kept, as hashes.
        inventory: what is installed.
        uses: when each key was last used.
    """

    def __init__(self, app: str, hostfile: HostFile | None, state: State, inventory: Inventory, uses: KeyUses) -> None:
        self._app = app
        self._hostfile = hostfile
        self._state = state
        self._inventory = inventory
        self._uses = uses
        self._words = Consent(app, hostfile)

    def request(self, plugin: str, manifest: str | None = None) -> ConsentRequest:
        """What letting an external plugin in asks; its growth is empty where nothing needs a new yes.

        Args:
            plugin: its id.
            manifest: the text of its plugin.toml; None: the one that is known, or none, and then it asks for nothing.

        Raises:
            UsageError: a plugin of that id is installed.
            ManifestError, DiscoveryError: the manifest cannot be read, or is another plugin's.
            PluginError: it is made for another application.
        """
        return self._asked(plugin, manifest)[1]

    def admit(
        self,
        plugin: str,
        manifest: str | None = None,
        *,
        accept_permissions: bool,
        shown: ConsentRequest | None = None,
        by: str,
    ) -> None:
        """Let an external plugin of that id connect, once it has a key, and grant it what its manifest asks.

        Args:
            plugin: its id.
            manifest: as in `request`.
            accept_permissions: whether the user said yes to `request(plugin, manifest)`.
            shown: the request that the user read; where something else is asked by now, the yes does not count.
            by: who lets it in.

        Raises:
            ConsentRequired: it asks for something that nobody agreed to; nothing was changed.
            JackfieldError: as `request`.
        """
        known = self._granted(plugin)
        candidate, changes = self._admission(plugin, manifest, accept_permissions, shown)
        self._state.change(changes, by=by, why=f"let {candidate.id} connect", expecting=known)

    def new_key(
        self,
        plugin: str,
        manifest: str | None = None,
        *,
        name: str = "",
        accept_permissions: bool,
        shown: ConsentRequest | None = None,
        by: str,
    ) -> NewKey:
        """Let an external plugin connect, and make a key for it; its text is in the answer and nowhere else (J2).

        Args:
            plugin: its id.
            manifest: as in `request`.
            name: what the key's owner calls it.
            accept_permissions: as in `admit`.
            shown: as in `admit`.
            by: who asks for the key.

        Raises:
            ConsentRequired: it asks for something that nobody agreed to; nothing was changed.
            JackfieldError: as `request`.
        """
        known = self._granted(plugin)
        candidate, changes = self._admission(plugin, manifest, accept_permissions, shown)
        made = new_key(candidate.id, by=by, name=name)
        changes[made.key.state_key] = made.key.to_mapping()
        self._state.change(changes, by=by, why=f"make a key for {candidate.id}", expecting=known)
        return made

    def keys(self, plugin: str | None = None) -> list[KeyReport]:
        """Every key, or those of one plugin, oldest first."""
        uses = self._uses.read()
        wanted = canonical(plugin) if plugin is not None else None
        found = [key for key in self._kept().values() if wanted in (None, canonical(key.plugin))]
        return [_report(key, uses) for key in sorted(found, key=lambda key: (key.made, key.number))]

    def revoke(self, which: str, *, by: str) -> list[KeyReport]:
        """Let a key, or all keys of a plugin, be worth nothing; a running host ends their connections.

        A plugin without keys is not listed any more. Its grants, settings and data are kept.

        Args:
            which: a key's number, or a plugin's id.
            by: who revokes it.

        Returns:
            The keys that are revoked.

        Raises:
            UnknownPlugin: there is no such key, and no external plugin of that id.
        """
        kept = self._kept()
        if which in kept:
            cid, gone = canonical(kept[which].plugin), [kept[which]]
        else:
            cid = canonical(which)
            gone = [key for key in kept.values() if canonical(key.plugin) == cid]
            if not gone and cid not in self._inventory.external:
                raise UnknownPlugin(f"there is no key {which}, and no plugin {which} with keys", hint="jackfield keys")
        changes: dict[str, Any] = {key.state_key: None for key in gone}
        if all(key in gone for key in kept.values() if canonical(key.plugin) == cid):
            changes[f"{EXTERNAL}{cid}"] = None
        uses = self._uses.read()
        self._state.change(changes, by=by, why=f"revoke keys of {cid}")
        return [_report(key, uses) for key in gone]

    def _admission(
        self, plugin: str, manifest: str | None, accept_permissions: bool, shown: ConsentRequest | None
    ) -> tuple[Candidate, dict[str, Any]]:
        candidate, request, coming, standing = self._asked(plugin, manifest)
        if request.growth and (not accept_permissions or (shown is not None and shown != request)):
            raise ConsentMissing([request])
        cid = candidate.canonical_id
        changes = external_record(candidate, manifest if manifest is not None else self._known(cid))
        changes[f"grants/{cid}"] = renewed(coming, standing, request.growth).to_mapping()
        changes[f"wish/{cid}"] = True
        return candidate, changes

    def _asked(self, plugin: str, manifest: str | None) -> tuple[Candidate, ConsentRequest, Coming, Standing | None]:
        cid = canonical(plugin)
        inventory = self._inventory
        if cid in inventory.environment or cid in inventory.stored or cid in inventory.scripts:
            raise UsageError(f"a plugin {plugin} is installed", hint="give the external one an id of its own")
        before = inventory.external.get(cid)
        candidate = external_candidate(plugin, manifest if manifest is not None else self._known(cid))
        if candidate.problem is not None:
            raise candidate.problem
        if candidate.manifest is None:
            raise RuntimeError(f"{plugin} has neither a manifest nor a problem")
        problem = refusal(candidate.manifest, self._app, self._hostfile)
        if problem is not None:
            raise PluginError(f"{candidate.id} {problem}", plugin=candidate.id)
        grant = inventory.grant(cid)
        standing = None
        if grant is not None and grant.source == "external":
            known = before.manifest if before is not None and grant.version == before.version else None
            standing = Standing(known, grant.version, grant, EXTERNALLY)
        coming = Coming(candidate.manifest, candidate.version, "external", placement=EXTERNALLY)
        return candidate, self._words.request(coming, standing), coming, standing

    def _granted(self, plugin: str) -> dict[str, Any]:
        """The grant that a change is worked out from: another terminal may be taking some of it back."""
        key = f"grants/{canonical(plugin)}"
        return {key: self._state.get(key)}

    def _known(self, cid: str) -> str | None:
        """The text of the manifest that is known."""
        kept = self._state.get(f"{EXTERNAL}{cid}")
        found = kept.get("manifest") if isinstance(kept, dict) else None
        return found if isinstance(found, str) else None

    def _kept(self) -> dict[str, Key]:
        return kept_keys(self._state.items(KEYS))


def _report(key: Key, uses: Mapping[str, tuple[str, str]]) -> KeyReport:
    last_used, address = uses.get(key.number, (None, ""))
    return KeyReport(key.number, key.plugin, key.name, key.made, key.by, last_used, address)
