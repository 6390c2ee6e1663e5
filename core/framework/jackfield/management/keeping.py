"""What plugins keep for their user: settings, read and changed without running them."""

from __future__ import annotations

from jackfield.management.inventory import Inventory
from jackfield.storage import FILE_NAME, Settings, State
from jackfield.store import Layout


class Keeping:
    """What the plugins of one profile keep.

    Args:
        layout: where it lies.
        state: the log.
        inventory: what is installed.
    """

    def __init__(self, layout: Layout, state: State, inventory: Inventory) -> None:
        self._layout = layout
        self._state = state
        self._inventory = inventory

    def settings(self, plugin: str) -> Settings:
        """What the user may set for an installed plugin; `describe_settings` tells it as data (C22).

        Raises:
            UnknownPlugin: it is not installed.
        """
        candidate = self._inventory.candidate(plugin)
        declared = candidate.manifest.contributes.settings if candidate.manifest is not None else ()
        file = self._layout.config(candidate.canonical_id) / FILE_NAME
        return Settings(self._state, candidate.canonical_id, declared, plugin=candidate.id, file=file)

    def with_settings(self) -> frozenset[str]:
        """The canonical ids of the installed plugins that let their user set something."""
        manifests = self._inventory.manifests
        return frozenset(cid for cid, manifest in manifests.items() if manifest.contributes.settings)
