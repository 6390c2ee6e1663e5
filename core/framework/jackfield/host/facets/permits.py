"""What one plugin may, asked at its facets at every use; refusals are told, so that users see them (C6, C13)."""

from collections.abc import Callable

from jackfield.errors import PermissionDenied
from jackfield.permissions import Grant, require


class Permits:
    """The grant of one plugin, as it is now (the `Check` of the API).

    Args:
        plugin: its id, as errors name it.
        grant: looks its grant up.
        refused: told of each refusal: the plugin's id, and `resource:action`.
    """

    def __init__(self, plugin: str, grant: Callable[[], Grant | None], refused: Callable[[str, str], None]) -> None:
        self.plugin = plugin
        self._grant = grant
        self._refused = refused

    def __call__(self, resource: str, action: str, target: str | None = None) -> None:
        """Return if the plugin may do `action` on `resource`.

        Raises:
            PermissionDenied: it may not; it was counted.
        """
        try:
            require(self._grant(), self.plugin, resource, action, target)
        except PermissionDenied:
            self.count(resource, action)
            raise

    def refusal(self, resource: str, action: str, target: str) -> PermissionDenied:
        """Return the error for a target that a facet found outside of the grant, and count it."""
        self.count(resource, action)
        return PermissionDenied(
            f"{self.plugin} may not {resource}:{action} {target}",
            plugin=self.plugin,
            hint=f"asked in plugin.toml? granted? see: jackfield permissions {self.plugin}",
        )

    def count(self, resource: str, action: str) -> None:
        """Count a refusal that a facet worded itself."""
        self._refused(self.plugin, f"{resource}:{action}")

    def may(self, resource: str, action: str, target: str | None = None) -> bool:
        """Say whether it may, for what nobody tried yet; not counted."""
        grant = self._grant()
        return grant is not None and grant.allows(resource, action, target)

    def limits(self, resource: str, action: str) -> tuple[str, ...] | None:
        """Return the hosts, paths or names that it is limited to: empty for no limit, None when it may not at all."""
        grant = self._grant()
        return grant.limits(resource, action) if grant is not None else None
