"""Whose code a thread is in: told from its stack, while it runs (U18, U19, U31)."""

import asyncio
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from jackfield.hooks import running_implementation
from jackfield.host.plugins import Plugins
from jackfield.runtime import Guard, shielded

MOST_FRAMES = 60
"""Of one stack; what called those is left out."""

# In frames of these functions the names `plugin` and `what` say on whose behalf they run.
_ON_BEHALF = (Guard.bounded.__code__, shielded.__code__)


@dataclass(frozen=True, slots=True)
class Culprit:
    """Who is at work.

    Attributes:
        plugin: the id.
        use: what for: `hook message_received`, `command roll`; empty where the stack does not say.
        place: the innermost line of the plugin's own: `weather/__init__.py:12 in forecast`; empty where there is none.
    """

    plugin: str
    use: str = ""
    place: str = ""


class Whose:
    """Tells stacks to plugins.

    Args:
        plugins: every plugin of the host.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def culprit(self, frame: FrameType | None) -> Culprit | None:
        """Return the innermost plugin of a stack; None where none is on it."""
        folders = self._folders()
        plugin = place = ""
        for one in outwards(frame):
            path = one.f_code.co_filename
            owner = next((name for folder, name in folders.items() if _within(path, folder)), "")
            if owner and not place and owner == (plugin or owner):
                plugin, place = owner, f"{_short(path)}:{one.f_lineno} in {one.f_code.co_name}"
            behalf = _on_behalf(one)
            if behalf is not None and behalf[0]:
                if plugin and behalf[0] != plugin:
                    return Culprit(plugin, "", place)  # another's code runs it without having been told of it
                return Culprit(behalf[0], behalf[1], place)
        return Culprit(plugin, "", place) if plugin else None

    def _folders(self) -> dict[str, str]:
        """The files and folders of the plugins -> their ids."""
        found = {}
        for record in self._plugins.records().values():
            place: Path | None = record.candidate.folder or record.candidate.file
            if place is not None:
                found[str(place)] = record.candidate.id
        return found


def threads_and_tasks(whose: Whose, loop: asyncio.AbstractEventLoop | None) -> dict[str, list[dict[str, Any]]]:
    """Return every thread and every task with its stack, as plain data; from any thread, also while the loop is stuck.

    Args:
        whose: tells plugins.
        loop: the loop whose tasks are wanted.
    """
    frames = sys._current_frames()
    threads = [
        {
            "name": thread.name,
            "daemon": thread.daemon,
            "plugin": _plugin(whose.culprit(frames.get(thread.ident or 0))),
            "stack": stack_text(frames.get(thread.ident or 0)),
        }
        for thread in threading.enumerate()
        if thread.ident != threading.get_ident()  # the one that looks
    ]
    tasks = []
    for task in asyncio.all_tasks(loop) if loop is not None else ():
        summary = traceback.StackSummary.extract((frame, frame.f_lineno) for frame in _awaited(task.get_coro()))
        tasks.append({"name": task.get_name(), "stack": "".join(summary.format())})
    return {"threads": threads, "tasks": sorted(tasks, key=lambda one: one["name"])}


def stack_text(frame: FrameType | None) -> str:
    """Return a stack as a traceback shows it, the innermost line last."""
    return "".join(traceback.format_stack(frame, limit=MOST_FRAMES)) if frame is not None else ""


def is_idle(frame: FrameType | None) -> bool:
    """Whether an event loop's thread waits for something to happen."""
    return frame is None or (frame.f_code.co_name == "select" and "selectors" in frame.f_code.co_filename)


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame and all that called it."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def _awaited(coroutine: Any) -> Iterator[FrameType]:
    """Yield the frames from a task's coroutine down to where it waits; `Task.get_stack` tells the first one only."""
    for _ in range(MOST_FRAMES):
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            return
        yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)


def _on_behalf(frame: FrameType) -> tuple[str, str] | None:
    if frame.f_code in _ON_BEHALF:
        names: Mapping[str, Any] = frame.f_locals
        return str(names.get("plugin", "")), str(names.get("what", ""))
    running = running_implementation(frame)
    return (running[0], f"hook {running[1]}") if running is not None else None


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}/", f"{place}\\"))


def _short(path: str) -> str:
    """The last folder and the file: enough to find it, and no path of the machine in a status."""
    return "/".join(Path(path).parts[-2:])


def _plugin(culprit: Culprit | None) -> str | None:
    return culprit.plugin if culprit is not None else None
