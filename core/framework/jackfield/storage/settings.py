"""A plugin's settings: declared in its manifest, kept in the state log and `settings.toml`, checked when set (C22)."""

import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jackfield.errors import StoreError, StoreLocked, UsageError
from jackfield.locks import Lock
from jackfield.manifest import SettingContribution
from jackfield.storage.folders import make_private
from jackfield.storage.mirror import Agreement, compare
from jackfield.storage.secrets import Secrets
from jackfield.storage.settings_file import Content, SettingsFile
from jackfield.storage.state import LOCK_SECONDS, State
from jackfield.storage.values import check_new, check_setting, default_of

MOST_EDITS = 100
EDITS_SECONDS = 3600.0
"""So many edits of one file are followed within that time: each is kept in the log for good, and the plugin, which can
write the file too, may go on for ever."""


class Settings:
    """The settings of one plugin; every process that shares the state sees the same.

    Values lie in the state log under `settings/<cid>/<key>`, secrets in a file of their own. Where `file` is given it
    mirrors the log: what somebody types into it counts from the next `take_up` on, what is set elsewhere is written
    into it. What is wrong in it is told in `problems` and changes nothing.

    Args:
        state: the profile's log.
        cid: the plugin's canonical id.
        declared: what the manifest declares.
        plugin: the id as its author writes it, for errors; empty: `cid`.
        file: the plugin's `settings.toml`; None: there is none.
        program: what the user types before a command's name, as the file advises.
    """

    def __init__(
        self,
        state: State,
        cid: str,
        declared: Sequence[SettingContribution],
        *,
        plugin: str = "",
        file: Path | None = None,
        program: str = "jackfield",
    ) -> None:
        self._state = state
        self._cid = cid
        self._prefix = f"settings/{cid}/"
        self._plugin = plugin or cid
        self._declared = {setting.key: setting for setting in declared}
        self._secrets = Secrets(state.folder / "secrets" / f"{cid}.json")
        self._file = (
            SettingsFile(file, self._declared, plugin=self._plugin, program=program) if file is not None else None
        )
        self._agreement = Agreement(state.folder / "mirrors" / f"{cid}.json")
        self._listeners: list[Callable[[str, Any], None]] = []
        self._guard = threading.RLock()
        self._stamp: object = None
        self._broken: str | None = None
        self._edits: deque[float] = deque(maxlen=MOST_EDITS)
        self.problems: tuple[str, ...] = ()
        """A sentence for each thing that is wrong in the file, with its line and key."""
        self.take_up()
        self._known = self._now()

    @property
    def plugin(self) -> str:
        """The id as its author writes it."""
        return self._plugin

    @property
    def declared(self) -> Sequence[SettingContribution]:
        """What the manifest declares, in its order."""
        return tuple(self._declared.values())

    @property
    def file(self) -> Path | None:
        """The plugin's `settings.toml`, which may not be there yet."""
        return self._file.path if self._file is not None else None

    def get(self, key: str) -> Any:
        """Return the user's value, or the default; a kept value that no longer fits counts as not set.

        Raises:
            UsageError: no such setting is declared.
        """
        setting = self._setting(key)
        kept = self._kept(setting)
        value = default_of(setting) if kept is None else kept
        return os.path.expanduser(value) if setting.type == "path" else value  # noqa: PTH111  # Path raises for ~nobody

    def is_set(self, key: str) -> bool:
        """Whether the user set it; of a secret this is all that is ever shown."""
        return self._kept(self._setting(key)) is not None

    def set(self, key: str, value: Any, *, by: str = "") -> None:
        """Change a setting; None returns it to its default.

        Args:
            key: the setting.
            value: of its type, within its bounds.
            by: who asked for it; empty: the plugin itself.

        Raises:
            UsageError: the value does not fit; the sentence names the setting and what would fit.
            StoreError: it cannot be kept, or `settings.toml` is broken; nothing was changed. Where the file
                alone cannot be written it is set all the same, and `problems` says that the file does not show it.
        """
        self.change({key: value}, by=by)

    def change(self, values: Mapping[str, Any], *, by: str = "") -> None:
        """Change several settings, all or none; as `set`."""
        self.keep(values, by=by)
        self.refresh()

    def keep(self, values: Mapping[str, Any], *, by: str = "") -> None:
        """Change them and tell nobody, from any thread: a file that the plugin wrote can take long to read and write.

        `refresh` tells, where the listeners are at home.
        """
        declared = {key: self._setting(key) for key in values}
        # Where a path leads is looked at for people alone: a plugin would learn of any file whether it is there.
        check = check_new if by else check_setting
        checked = {key: None if one is None else check(declared[key], one) for key, one in values.items()}
        if not checked:
            return
        why = f"set {', '.join(checked)} of {self._plugin}"
        by = by or f"plugin {self._plugin}"
        secret = {key for key in checked if declared[key].secret}
        with self._locked():
            self._agree()
            if self._file is not None and self._broken is not None:
                raise StoreError(
                    f"nothing was set: {self._broken}", plugin=self._plugin, hint="mend the file, or delete it"
                )
            with self._secrets.changing({key: checked[key] for key in secret}):
                self._state.change(
                    {
                        # The log tells that a secret was set, when and by whom, and nothing of it.
                        **{f"secrets/{self._cid}/{key}": checked[key] and uuid.uuid4().hex for key in secret},
                        **{self._prefix + key: value for key, value in checked.items() if key not in secret},
                    },
                    by=by,
                    why=why,
                )
            try:
                self._agree(asked=frozenset(checked) - secret)
            except StoreError as error:  # the log holds it, so it is set; the file is brought up to it another time
                self.problems, self._stamp = (f"{error.message}: it does not show yet what was set",), None

    def all(self) -> Mapping[str, Any]:
        """Return every declared setting with its value, without the secrets: `get` them one by one."""
        return MappingProxyType({key: self.get(key) for key, one in self._declared.items() if not one.secret})

    def on_change(self, listener: Callable[[str, Any], None]) -> Callable[[], None]:
        """Call `listener(key, value)` when `refresh` finds a change; returns what takes the listener away."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def take_up(self) -> None:
        """Read what was typed into `settings.toml` since; nothing but a `stat` where nothing was.

        Where it cannot be followed the settings stay as they are, and `problems` says why.
        """
        if self._file is None or not self._declared:
            return
        with self._guard:
            if self._stamp == (self._file.stamp(), self._state.stamp()):
                return
            if self._file.stamp() == (0, 0, 0):
                self.problems, self._stamp = (), None
                return
            try:
                with self._locked():
                    self._agree()
            except StoreError as error:
                self.problems = (error.message,)

    def refresh(self) -> None:
        """Look for changes, also by other processes, and tell the listeners; the host calls it as the log grows."""
        now = self._now()
        changed = [key for key, value in now.items() if self._known.get(key) != value]
        self._known = now
        for key in changed:
            for listener in tuple(self._listeners):
                listener(key, now[key])

    def write_file(self) -> Path:
        """Make `settings.toml` where there is none, with what is set and all defaults as comments; return its path.

        Raises:
            UsageError: the plugin declares no settings.
            StoreError: it cannot be written.
        """
        if self._file is None or not self._declared:
            raise UsageError(f"{self._plugin} declares no settings", plugin=self._plugin)
        with self._locked():
            if self._file.stamp() == (0, 0, 0):
                self._agreement.forget()
                self._file.write({})
                self._agree()
        return self._file.path

    def _agree(self, asked: frozenset[str] = frozenset()) -> None:
        """Let log and file agree again; a broken file stays as it is, a missing one is made for what is `asked`."""
        file, self._broken = self._file, None
        if file is None:
            return
        content = file.read()
        missing = content is None
        content = content or Content()
        self.problems, self._broken = content.problems, content.broken
        if content.broken is None and (asked or not missing):
            before = {} if missing else self._agreement.read()
            ours = {key: value for key, value in before.items() if key in self._declared}
            moves = compare(content, self._logged(), ours, asked=asked)
            if moves.to_log and not self._follows_another():
                told = f"{file.path}: edited {MOST_EDITS} times within an hour, it is followed later"
                self.problems, self._stamp = (*self.problems, told), (file.stamp(), self._state.stamp())
                return
            if moves.to_log:
                changes = {self._prefix + key: value for key, value in moves.to_log.items()}
                self._state.change(changes, by=file.path.name, why=f"edited {file.path.name} of {self._plugin}")
            if moves.to_file:
                file.write(moves.to_file)
                self.problems = (file.read() or Content()).problems
            # What another version of the plugin declared and this one does not is nobody's move.
            agreed = {**{key: one for key, one in before.items() if key not in ours}, **moves.agreed}
            if agreed != before:
                self._remember(agreed)
        self._stamp = (file.stamp(), self._state.stamp())

    def _follows_another(self) -> bool:
        now = time.monotonic()
        if len(self._edits) == MOST_EDITS and now - self._edits[0] < EDITS_SECONDS:
            return False
        self._edits.append(now)
        return True

    def _remember(self, agreed: Mapping[str, Any]) -> None:
        try:
            self._agreement.write(agreed)
        except OSError as error:
            raise StoreError(f"{self._agreement.path} cannot be written: {error.strerror}") from error

    def _logged(self) -> dict[str, Any]:
        kept = {key: self._kept(one) for key, one in self._declared.items() if not one.secret}
        return {key: value for key, value in kept.items() if value is not None}

    def _kept(self, setting: SettingContribution) -> Any:
        kept = self._secrets.get(setting.key) if setting.secret else self._state.get(self._prefix + setting.key)
        if kept is None:
            return None
        try:
            return check_setting(setting, kept)
        except UsageError:
            return None  # the manifest of a later version narrowed it; the default is the better guess

    def _now(self) -> dict[str, Any]:
        try:
            secrets = self._secrets.all()
        except StoreError:  # whoever asks for one of them is told
            secrets = {}
        return {key: secrets.get(key, "") if one.secret else self.get(key) for key, one in self._declared.items()}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time, also between processes: else both would take up one edit, or write over another's."""
        with self._guard:
            place = self._agreement.path.with_suffix(".lock")
            lock = Lock(place)
            try:
                make_private(place.parent)
                lock.take(LOCK_SECONDS)
            except TimeoutError as error:
                raise StoreLocked(f"another process has been changing settings of {self._plugin}") from error
            except OSError as error:
                raise StoreError(f"{place} cannot be written: {error.strerror}") from error
            try:
                yield
            finally:
                lock.release()

    def _setting(self, key: str) -> SettingContribution:
        setting = self._declared.get(key)
        if setting is None:
            known = ", ".join(sorted(self._declared)) or "none"
            raise UsageError(
                f"{self._plugin} declares no setting {key}", plugin=self._plugin, hint=f"declared: {known}"
            )
        return setting
