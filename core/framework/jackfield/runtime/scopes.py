"""A plugin's scope: everything that it began through `context`, and how it ends."""

import logging
from collections.abc import Callable

from jackfield.errors import PermissionDenied, PluginError

_log = logging.getLogger("jackfield.runtime")


class Opened:
    """One thing that a plugin began; closing it twice is no error (the `Subscription` of the API)."""

    __slots__ = ("_close", "_scope", "allowed", "what")

    def __init__(
        self, scope: "Scope", what: str, close: Callable[[], None], allowed: Callable[[], bool] | None = None
    ) -> None:
        self.what = what
        self.allowed = allowed
        self._scope = scope
        self._close: Callable[[], None] | None = close

    def close(self) -> None:
        """End it now and take it off its scope."""
        close, self._close = self._close, None
        if close is not None:
            self._scope.forget(self)
            close()


class Scope:
    """What one plugin began and has not ended; `close()` ends all of it in reverse (K26, K27).

    It takes things only while it is open: from before `on_enable` until after `on_disable`.

    Args:
        plugin: whose it is; named in the log when something will not end.
    """

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self.is_open = False
        self._opened: dict[Opened, None] = {}
        """In the order in which they began; a dict, for a plugin may begin thousands of timers and end them all."""

    def open(self) -> None:
        """Let things begin."""
        self.is_open = True

    def require_open(self, what: str) -> None:
        """Return if things can begin now.

        Raises:
            PluginError: the plugin is not enabled.
        """
        if not self.is_open:
            raise PluginError(
                f"{self.plugin} is not enabled, so it cannot begin: {what}",
                plugin=self.plugin,
                hint="begin things in on_enable or later",
            )

    def begin(self, what: str, close: Callable[[], None], *, allowed: Callable[[], bool] | None = None) -> Opened:
        """Remember that something was begun.

        Args:
            what: a word for the log, e.g. `listener of plugin:poll:voted`.
            close: ends it; plain and quick.
            allowed: says whether the permission by which it was begun is still there; None: it needed none.

        Raises:
            PluginError: the plugin is not enabled; what was begun is ended at once.
            PermissionDenied: the permission was taken back while it was begun; likewise.
        """
        try:
            self.require_open(what)
        except PluginError:
            close()
            raise
        if allowed is not None and not self._may(allowed):
            close()
            raise PermissionDenied(f"{self.plugin} lost the permission for {what} meanwhile", plugin=self.plugin)
        opened = Opened(self, what, close, allowed)
        self._opened[opened] = None
        return opened

    def forget(self, opened: Opened) -> None:
        """Take something off that has ended by itself."""
        self._opened.pop(opened, None)

    @property
    def begun(self) -> tuple[str, ...]:
        """What has not ended, oldest first."""
        return tuple(opened.what for opened in self._opened)

    def close(self) -> None:
        """End everything, the newest first; one that fails is logged and the rest still ends."""
        self.is_open = False
        while self._opened:
            self._end(next(reversed(self._opened)))

    def take_back(self) -> list[str]:
        """End what was begun by a permission that is there no more, the newest first; return what that was.

        So ends what cannot be told of: a link in a path may go while it is followed.
        """
        taken = [one for one in reversed(self._opened) if one.allowed is not None and not self._may(one.allowed)]
        for opened in taken:
            self._end(opened)
        return [one.what for one in taken]

    def _may(self, allowed: Callable[[], bool]) -> bool:
        try:
            return allowed()
        except Exception:  # noqa: BLE001 (logged with its traceback; the rest must still be asked for)
            _log.exception("%s: whether it may go on with something cannot be told", self.plugin)
            return False

    def _end(self, opened: Opened) -> None:
        try:
            opened.close()
        except Exception:  # noqa: BLE001 (logged with its traceback; the rest must still end)
            _log.exception("%s: %s did not end", self.plugin, opened.what)
            self.forget(opened)
