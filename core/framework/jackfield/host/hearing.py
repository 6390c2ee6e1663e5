"""Which plugins hear a hook that needs a permission: by their grants, as these are now."""

import logging
from collections.abc import Mapping

from jackfield.errors import JackfieldError, UsageError
from jackfield.hooks import HookManager
from jackfield.host.plugins import Plugins
from jackfield.manifest import HostFile
from jackfield.permissions import Grant

MOST_TOLD = 10
"""Of what a plugin has lost with a permission, in the log."""

_log = logging.getLogger("jackfield.host")


class Hearing:
    """The grants of one host's plugins, and what follows from them for hooks.

    Args:
        plugins: every plugin of the host.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._grants: Mapping[str, Grant] = {}

    def grant(self, cid: str) -> Grant | None:
        """Return the grant of a canonical id, as it is now."""
        return self._grants.get(cid)

    def may(self, plugin: str, resource: str, action: str) -> bool:
        """Say whether a plugin is called for a hook that needs this permission.

        One without a manifest is: it can ask for nothing, and whoever trusted it trusted all of it. So is an object
        that the host registered itself.
        """
        try:
            candidate = self._plugins.record(plugin).candidate
        except JackfieldError:  # a name that is no plugin's
            return True
        grant = self._grants.get(candidate.canonical_id)
        return candidate.manifest is None or (grant is not None and grant.allows(resource, action))

    def follow(self, grants: Mapping[str, Grant], manager: HookManager, *, leaving: bool = False) -> None:
        """Take up new grants: the next call of each hook goes by them.

        Args:
            grants: by canonical id.
            manager: calls the hooks.
            leaving: keep the grants of plugins that have none any more, for as long as these are on their way down.
        """
        grants = {**self._grants, **grants} if leaving else grants
        if grants != self._grants:
            self._grants = grants
            manager.grants_changed()
            self._take_back()
            for record in self._plugins.records().values():
                if record.wiring is not None:
                    record.wiring.listeners.take_up()

    def _take_back(self) -> None:
        """End what plugins began by permissions that they have no more: what they show, commands, open files."""
        for record in self._plugins.records().values():
            if record.wiring is None:
                continue
            taken = [*record.wiring.entrances.take_back(), *record.wiring.scope.take_back()]
            if taken:
                told = ", ".join(taken[:MOST_TOLD]) + (
                    f" and {len(taken) - MOST_TOLD} more" if taken[MOST_TOLD:] else ""
                )
                _log.info("%s lost what it may not any more: %s", record.candidate.id, told)

    def tell(self, manager: HookManager) -> None:
        """Have each plugin's status say which of its hooks and listeners are not called."""
        for record in self._plugins.records().values():
            unheard = record.wiring.listeners.unheard if record.wiring is not None else []
            self._plugins.note_uncalled(record, [*manager.uncalled(record.candidate.id), *unheard])


def require_offered(manager: HookManager, hostfile: HostFile) -> None:
    """Hold the specs to the host file: nobody could be asked for a permission that it has no sentence for.

    Raises:
        UsageError: a hook needs a permission that the host file does not offer.
    """
    for name in vars(manager.hook):
        needs = manager.options(name).needs
        if needs is not None and hostfile.action(*needs.split(":")) is None:
            raise UsageError(f"hook {name} needs {needs}, which the host file of {hostfile.app} does not offer")
