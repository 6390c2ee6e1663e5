"""A plugin in a plain child process: the plugin's side of the link as a worker runs it, confined by nothing."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from jackfield.isolation import Line
from jackfield.rpc import CallCodec, Link, Served
from jackfield.runtime import Description

CHILD = """
import socket, sys
descriptor, folder, module = int(sys.argv[1]), sys.argv[2], sys.argv[3]
sys.path.insert(0, folder)
from jackfield.isolation import WorkerSpec
from jackfield.worker.serving import serve
spec = WorkerSpec(plugin=sys.argv[4], project="chat", entry_point=f"{module}:Main", paths=(folder,), manifest="",
                  data_dir=folder, config_dir=folder, temporary=folder)
make = getattr(__import__(module), "make_context", None)
serve(spec, socket.socket(fileno=descriptor), make)
"""

#: What code of these tests begins with: the smallest context that calls its host.
CONTEXT = """
class Context:
    def __init__(self, inside):
        self.inside = inside
        self.calls = inside.calls
        self.scheduler = inside.scheduler

def make_context(inside):
    return Context(inside)
"""


class PlainWorker:
    """A plugin's process and the line to it."""

    def __init__(self, process: subprocess.Popen[bytes], line: Line) -> None:
        self.process = process
        self.line = line

    async def load(self, hooks: Mapping[str, str] | None = None, events: tuple[str, ...] = ()) -> Description:
        arguments = {"hooks": dict(hooks or {}), "events": list(events)}
        described: Description = await self.line.call("plugin.load", arguments, Description)
        return described


def served(functions: Mapping[str, Callable[..., Any]]) -> Callable[[str], Served | None]:
    """What a host serves, by the annotations of plain functions."""
    codecs = {name: CallCodec(inspect.signature(one, eval_str=True)) for name, one in functions.items()}
    return lambda name: Served(functions[name], codecs[name]) if name in functions else None


@contextlib.asynccontextmanager
async def plain_worker(
    folder: Path, code: str, functions: Mapping[str, Callable[..., Any]] | None = None, *, plugin: str = "weather"
) -> AsyncIterator[PlainWorker]:
    """Run a plugin's code in a child, greeted and not loaded.

    Args:
        folder: where its module is written.
        code: has a `Main`.
        functions: what the host serves, by method.
        plugin: its id.
    """
    module = f"chat_{plugin}"
    (folder / f"{module}.py").write_text(CONTEXT + code)
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(  # noqa: ASYNC220 (it returns at once)
            [sys.executable, "-c", CHILD, str(theirs.fileno()), str(folder), module, plugin],
            pass_fds=(theirs.fileno(),),
        )
    line = Line(Link(ours, served(functions or {}), peer=f"the worker of {plugin}"), plugin=plugin)
    try:
        await line.greet(timeout_seconds=20)
        yield PlainWorker(process, line)
    finally:
        line.close()
        await asyncio.to_thread(process.wait, 20)
