"""Workers: one confined process for each plugin, forked from one zygote that is started when it is first needed."""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple, Protocol

from jackfield.errors import LinkClosed, SandboxError
from jackfield.host.remote.plugin import ENDED_SECONDS
from jackfield.host.worker_imports import published_names, worker_imports
from jackfield.isolation import (
    Child,
    Flow,
    Line,
    PlainChild,
    PlainProcesses,
    ProcessorTime,
    Supervisor,
    Watch,
    Watched,
    WorkerLimits,
    WorkerSpec,
    Zygote,
    ZygoteLostError,
    limits_in_force,
    packages_of,
    user_limits,
)
from jackfield.manifest import Candidate, HostFile
from jackfield.permissions import Placement
from jackfield.rpc import Link, Serve
from jackfield.sandbox import Grade
from jackfield.storage import FILES, State, delete_folder, make_private
from jackfield.store import Generation, Layout

MANIFEST = "plugin.toml"

START_SECONDS = 30.0
"""For a process that was started by itself to load what a forked one has, on a machine that is busy."""

FORKS = sys.platform.startswith("linux")
"""Whether workers are forked and confined here. Elsewhere there are plain processes, by the user's choice."""


class Started(NamedTuple):
    """A plugin's process that serves, greeted and with nothing of the plugin loaded.

    Args:
        line: to it.
        process: the worker under watch; None where somebody else started it.
        limits: what it may use.
        files: the socket on which open files and connections are sent to it; None where none can be.
    """

    line: Line
    process: Watch | None
    limits: WorkerLimits
    files: socket.socket | None = None


async def _own_end(child: Child | PlainChild) -> str:
    """Return how a process has ended whose line has; empty where it lives on without one."""
    try:
        async with asyncio.timeout(ENDED_SECONDS):
            return str(await child.wait())
    except TimeoutError:
        return ""


class Starter(Protocol):
    """Brings up plugins in other processes, one way of doing so."""

    async def start(self, candidate: Candidate, placement: Placement, serve: Serve) -> Started:
        """Return a process for a plugin, greeted.

        Args:
            candidate: the plugin.
            placement: where it shall run.
            serve: finds what the plugin calls.

        Raises:
            JackfieldError: there is none; the sentence says why.
        """
        ...


class Workers:
    """Starts workers; the one place where a host does.

    Args:
        hostfile: the host's own: its name, and what its plugins may import.
        layout: where plugins' data and configuration lie.
        state: knows what the user allows each plugin to use.
        generation_of: returns the generation that a plugin of the store was found in, which holds what it imports.
        api_type: the protocol of the host's own API, `module:name`; empty where it publishes none.
    """

    def __init__(
        self,
        hostfile: HostFile,
        layout: Layout,
        state: State,
        generation_of: Callable[[str, Path], Generation],
        *,
        api_type: str = "",
    ) -> None:
        self._hostfile = hostfile
        self._layout = layout
        self._state = state
        self._generation_of = generation_of
        self._api_type = api_type
        self._published: tuple[str, ...] = ()
        self._zygote: Zygote | PlainProcesses | None = None
        self._temporary: dict[Path, Child | PlainChild] = {}
        self._deleting: set[Path] = set()
        self._last: dict[str, Watched] = {}
        self._past: dict[str, Watched] = {}
        self._supervisor = Supervisor(lambda: self._zygote.pid if self._zygote is not None else None)

    async def start(self, candidate: Candidate, placement: Placement, serve: Serve) -> Started:
        """Fork a worker for a plugin and greet it.

        Raises:
            SandboxError: it cannot be confined, or did not get as far as that; where nothing is forked, only what its
                user runs unconfined has a process.
            LinkError: it did not greet.
        """
        zygote = self._forks()
        spec = self.spec(candidate, placement)
        child = await zygote.fork(spec, name=candidate.id)
        self._temporary[Path(spec.temporary)] = child
        try:
            flow = Flow(candidate.id)
            link = Link(
                child.socket,
                flow.counting(serve, spec.limits.requests_per_second),
                peer=f"the worker of {candidate.id}",
            )
            flow.sent_bytes = lambda: link.reader.received_bytes
            folders = (spec.data_dir, spec.config_dir, spec.temporary)
            used = ProcessorTime(self._past_of(candidate.canonical_id, spec.limits))
            watched = Watched(candidate.id, child.pid, spec.limits, folders, flow, processor_time=used)
            self._last[candidate.canonical_id] = watched
            watch = self._supervisor.watch(child, watched)
            line = Line(link, plugin=candidate.id, call_seconds=spec.limits.call_seconds)
            if isinstance(child, PlainChild):
                await line.greet(timeout_seconds=START_SECONDS)
                watched.note_empty()
            else:
                await line.greet()
        except BaseException as error:
            how = await _own_end(child) if type(error) is LinkClosed else ""
            child.close()
            if not how:
                raise
            kind = ZygoteLostError if child.ended is not None and child.ended.was_lost else LinkClosed
            raise kind(f"the worker of {candidate.id} {how} before it greeted", plugin=candidate.id) from error
        return Started(line, watch, spec.limits, child.files)

    def rest_seconds(self, cid: str) -> float:
        """Note that a plugin's worker ended though nobody wanted it to: what it used counts for its next one as well.

        Args:
            cid: the plugin, by its canonical id.

        Returns:
            For how long that one has to wait until there is processor time for it; 0.0: it has not.
        """
        if (last := self._last.pop(cid, None)) is not None:
            self._past[cid] = last
        past = self._past.get(cid)
        return past.processor_time.rest_seconds(monotonic(), past.limits.cpu_share) if past is not None else 0.0

    def _past_of(self, cid: str, limits: WorkerLimits) -> ProcessorTime | None:
        """Return what counts for a worker that is just started.

        One for which there is no room did not wait for it, so its user wants it now: it begins anew.
        """
        past = self._past.pop(cid, None)
        if past is None or past.processor_time.rest_seconds(monotonic(), limits.cpu_share):
            return None
        return past.processor_time

    def spec(self, candidate: Candidate, placement: Placement) -> WorkerSpec:
        """Return what a plugin's worker is started with; its folders are made.

        Raises:
            SandboxError: it has no manifest.
            PluginError: it was installed to run in the host.
        """
        cid, manifest = candidate.canonical_id, candidate.manifest
        if manifest is None or candidate.folder is None:
            raise SandboxError(f"{candidate.id} has no manifest, so it cannot run in a worker", plugin=candidate.id)
        own = (self._layout.data(cid) / FILES, self._layout.config(cid), self._new_temporary(cid))
        for folder in own:
            make_private(folder)
        paths, packages = worker_imports(candidate, self._generation_of(cid, candidate.folder.parent), self._published)
        said, quota = self._state.get(f"limits/{cid}"), self._state.get(f"quota/{cid}")
        return WorkerSpec(
            plugin=cid,
            project=self._hostfile.app,
            entry_point=candidate.entry_point,
            paths=paths,
            named=packages.named,
            metadata=packages.metadata,
            manifest=(candidate.folder / MANIFEST).read_text(encoding="utf-8"),
            data_dir=str(own[0]),
            config_dir=str(own[1]),
            temporary=str(own[2]),
            grade=Grade.PROCESS if placement.isolation == "process" else None,
            limits=limits_in_force(manifest.limits, user_limits(said, quota)),
            api_type=self._api_type,
        )

    def _new_temporary(self, cid: str) -> Path:
        """Return a folder for files that last as long as one worker, and delete those whose worker has ended.

        Each worker has its own: while a plugin is replaced it has two.
        """
        folder = self._layout.run / "temporary" / cid
        left = []
        for one in folder.iterdir() if folder.is_dir() else ():
            child = self._temporary.get(one)
            if one not in self._deleting and (child is None or child.ended is not None):
                left.append(one)
                self._temporary.pop(one, None)
        if left:
            self._deleting.update(left)
            threading.Thread(target=self._delete, args=(left,), name=f"jackfield-temporary-{cid}", daemon=True).start()
        return folder / secrets.token_hex(4)

    def _delete(self, folders: Sequence[Path]) -> None:
        """Delete folders in a thread of their own: a worker leaves as many files as it likes, and nobody waits for it.

        One that is cut off by the end of this process is found again at the next start.
        """
        for one in folders:
            with suppress(OSError):  # what cannot be deleted now may be the next time
                delete_folder(one)
            self._deleting.discard(one)

    def _forks(self) -> Zygote | PlainProcesses:
        if self._zygote is None:
            self._published = published_names(self._hostfile)
            module = self._api_type.partition(":")[0].partition(".")[0]
            packages = packages_of(self._published)
            preload = (module,) if module else ()
            hidden = (str(self._layout.root),)  # it may lie in a folder that workers read, as below /usr/local/lib
            self._zygote = Zygote(packages, preload=preload, hidden=hidden) if FORKS else PlainProcesses(packages)
        return self._zygote

    async def close(self) -> None:
        """End the zygote, and with it every worker that is left."""
        zygote, self._zygote = self._zygote, None
        self._supervisor.close()
        if zygote is not None:
            await zygote.close()
