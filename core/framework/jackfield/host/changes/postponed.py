"""New code that was taken back because that of another plugin failed beside it."""

from collections.abc import Collection, Iterable


class Postponed:
    """Plugins whose new code waits for another plugin, which failed when both were reloaded together.

    Such code is not to blame and would come up by itself, but who needs it would not: so it is tried again as soon as
    the one that failed was saved again, has come up after all, or is gone.
    """

    def __init__(self) -> None:
        self._for: dict[str, str] = {}

    def note(self, plugins: Iterable[str], failed: str) -> None:
        """Have the new code of these plugins wait for the one that failed, which has to be saved; by canonical ids."""
        self._for.pop(failed, None)
        self._for |= dict.fromkeys(plugins, failed)

    def among(self, plugins: Collection[str]) -> frozenset[str]:
        """Return those of the plugins whose new code waits."""
        return frozenset(cid for cid in plugins if cid in self._for)

    def came(self, plugins: Collection[str]) -> None:
        """Forget those that came up with their new code; who waited for them waits no longer."""
        waiting = {cid: failed for cid, failed in self._for.items() if cid not in plugins}
        self._for = {cid: "" if failed in plugins else failed for cid, failed in waiting.items()}

    def due(self, changed: Collection[str], running: Collection[str]) -> frozenset[str]:
        """Return the plugins whose new code is to be tried again.

        Args:
            changed: canonical ids of those that were saved.
            running: of all whose code is loaded; new code of others is what they load.
        """
        self._for = {cid: failed for cid, failed in self._for.items() if cid in running}
        return frozenset(cid for cid, failed in self._for.items() if failed in changed or failed not in running)
