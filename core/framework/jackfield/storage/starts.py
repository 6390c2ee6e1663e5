"""How the last starts of an application went: two that fail in a row lead to one without plugins (design §6).

`run/starts.json` holds the count of failed starts, whether one is under way, the set of plugins that was started,
whether the present one is in safe mode, the safe mode that a search for the culprit left, and which plugins were slow
or failed. A start that is killed, or whose process
dies, cannot take its word back: the next one finds it and counts it.

Rules:

- A start failed if neither `stable` nor `end` was told of it.
- Two failed in a row, of one set of plugins: safe mode. Another set is tried as usual: the user did something.
- A start in safe mode says nothing of the plugins. So the next one is in safe mode too, until the set is another one or
  the user says that it shall be tried again (`leave`).
"""

import contextlib
import datetime as dt
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jackfield.errors import StoreError
from jackfield.places import waiting_for_nobody

_log = logging.getLogger("jackfield.storage")

FAILED_STARTS = 2
"""How many in a row lead to safe mode."""

STABLE_SECONDS = 10.0
"""How long a start has to live before it counts as one that went well."""

SLOW_SECONDS = 1.0
"""What a plugin may take to come up before it is named."""

LEFT_SECONDS = 60.0
"""After which what was never written to its end is nobody's any more: a process that was killed left it."""

_KEPT = ("failed", "plugins", "safe")  # what safe mode is made of
_LONGEST = 1 << 20
_LONGEST_SENTENCE = 500
_MOST_FAILURES = 100  # with the longest sentences, still less than what is read


@dataclass(frozen=True, slots=True)
class SafeMode:
    """That an application runs without plugins, or will at its next start.

    Args:
        reason: why, as the end of a sentence: `the last 2 starts did not come through`.
        since: ISO 8601 in UTC; empty where it is about the next start.
        chosen: whether somebody asked for it.
    """

    reason: str
    since: str = ""
    chosen: bool = False

    def to_mapping(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


class Starts:
    """The record of one profile's starts; whoever starts a host holds the profile's lock.

    An adopted application holds none: of two of its processes that write at once, one is read, whole.

    Args:
        file: where it lies; its folder is there when something is written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def begin(self, plugins: str, *, chosen: bool) -> SafeMode | None:
        """Note that a start begins, and say whether it has to be in safe mode.

        Args:
            plugins: another text for every other set of plugins.
            chosen: somebody asked for safe mode.

        Raises:
            StoreError: it cannot be written.
        """
        told = self._read()
        failed = told["failed"] + (1 if told["open"] else 0)
        if told["plugins"] != plugins:
            failed = 0
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        safe = None
        if chosen:
            safe = SafeMode("it was asked for", now, chosen=True)
        elif failed >= FAILED_STARTS:
            safe = SafeMode(_failed(failed), now)
        mapping = safe.to_mapping() if safe is not None else None
        self._clear()
        self._write(**{**told, "failed": failed, "open": safe is None, "plugins": plugins, "safe": mapping})
        return safe

    def stable(self) -> None:
        """Note that the start went well."""
        told = self._read()
        if told["open"]:
            self._note(**{**told, "failed": 0, "open": False})

    def end(self) -> None:
        """Note that the application was stopped, as it should be."""
        told = self._read()
        failed = 0 if told["open"] else told["failed"]
        self._note(**{**told, "failed": failed, "open": False, "safe": None})

    def leave(self) -> bool:
        """Have the plugins tried again: by the running application, and at the next start.

        Returns:
            Whether there was anything to leave.

        Raises:
            StoreError: it cannot be written.
        """
        found = self.safe_mode() is not None
        if found:
            self._write(**{**self._read(), "failed": 0, "safe": None})
        return found

    def keep_safe_mode(self) -> None:
        """Keep safe mode as it is now, on disk, before it is left to try plugins.

        Raises:
            StoreError: it cannot be written.
        """
        if self.safe_mode() is not None:
            told = self._read()
            self._write(**{**told, "kept": {name: told[name] for name in _KEPT}})

    def bring_back_safe_mode(self) -> bool:
        """Have safe mode as it was kept; a running application follows, and the next start is in it too.

        Returns:
            Whether there was one.

        Raises:
            StoreError: it cannot be written.
        """
        told = self._read()
        if told["kept"] is None:
            return False
        self._write(**{**told, **told["kept"], "open": False, "kept": None})
        return True

    def forget_kept(self) -> None:
        """Keep safe mode no longer: another set of plugins is to run, which ends it.

        Raises:
            StoreError: it cannot be written.
        """
        told = self._read()
        if told["kept"] is not None:
            self._write(**{**told, "kept": None})

    def note_slow(self, seconds: Mapping[str, float]) -> None:
        """Keep which plugins held up the start.

        Args:
            seconds: by canonical id, what each took to come up.
        """
        slow = {cid: round(took, 3) for cid, took in seconds.items() if took >= SLOW_SECONDS}
        told = self._read()
        if slow != told["slow"]:
            self._note(**{**told, "slow": slow})

    def note_failures(self, sentences: Mapping[str, str]) -> None:
        """Keep which plugins failed, for whoever looks when the application does not run.

        Args:
            sentences: by canonical id, why each failed.
        """
        failures = {cid: sentence[:_LONGEST_SENTENCE] for cid, sentence in list(sentences.items())[:_MOST_FAILURES]}
        told = self._read()
        if failures != told["failures"]:
            self._note(**{**told, "failures": failures})

    def failures(self) -> dict[str, str]:
        """Return the plugins that had failed when the application last started or stopped, by canonical id."""
        return dict(self._read()["failures"])

    def slow(self) -> dict[str, float]:
        """Return the plugins that held up the last start, by canonical id, with the seconds that each took."""
        return dict(self._read()["slow"])

    def safe_mode(self) -> SafeMode | None:
        """Return the safe mode that the application runs in, or will at its next start with the same plugins."""
        told = self._read()
        if told["safe"] is not None:
            return SafeMode(**told["safe"])
        failed = told["failed"]
        return SafeMode(_failed(failed)) if failed >= FAILED_STARTS else None

    def stamp(self) -> object:
        """Return something that is another one after every change."""
        try:
            status = self._file.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _read(self) -> dict[str, Any]:
        empty: dict[str, Any] = {"failed": 0, "open": False, "plugins": "", "safe": None}
        empty |= {"kept": None, "slow": {}, "failures": {}}
        try:
            with open(self._file, encoding="utf-8", opener=waiting_for_nobody) as file:
                told = dict(json.loads(file.read(_LONGEST)))
            kept = told.get("kept")
            return {
                **_safety(told),
                "open": bool(told["open"]),
                "kept": _safety(kept) if kept is not None else None,
                "slow": {str(cid): float(took) for cid, took in dict(told.get("slow", {})).items()},
                "failures": {str(cid): str(why) for cid, why in dict(told.get("failures", {})).items()},
            }
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return empty  # nobody has started yet; or it is damaged, and a start that goes well writes it anew

    def _note(self, **told: Any) -> None:
        """Write what a running application notes: on a full disk it runs on, and ends as it should."""
        try:
            self._write(**told)
        except StoreError as error:
            _log.warning("how this start went is not kept: %s", error.message)

    def _clear(self) -> None:
        """Remove what processes that were killed while they wrote left behind; others may be writing right now."""
        with contextlib.suppress(OSError):
            for left in self._file.parent.glob(f"{self._file.name}.*"):
                if abs(time.time() - left.stat().st_mtime) > LEFT_SECONDS:
                    left.unlink()

    def _write(self, **told: Any) -> None:
        import tempfile  # `list` only reads

        fresh = None
        try:  # under a name of its own: processes of an adopted application write side by side
            descriptor, fresh = tempfile.mkstemp(prefix=f"{self._file.name}.", dir=self._file.parent)  # mode 0600
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (it is open already)
                json.dump(told, file)
            Path(fresh).replace(self._file)
        except OSError as error:
            if fresh is not None:
                with contextlib.suppress(OSError):
                    Path(fresh).unlink()
            raise StoreError(f"{self._file} cannot be written: {error.strerror}") from error


def _failed(count: int) -> str:
    return f"the last {count} starts did not come through"


def _safety(told: Mapping[str, Any]) -> dict[str, Any]:
    """What safe mode is made of, read from a file that may hold anything."""
    safe = told["safe"]
    if safe is not None:
        safe = SafeMode(str(safe["reason"]), str(safe["since"]), bool(safe["chosen"])).to_mapping()
    return {"failed": int(told["failed"]), "plugins": str(told["plugins"]), "safe": safe}
