"""Everything that a worker is started with, as plain data: it crosses to the zygote as msgpack."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from jackfield.errors import SandboxError
from jackfield.isolation.limits import WorkerLimits
from jackfield.sandbox import Grade

MOST_PATHS: Final = 1024
"""Of one kind in one spec: each is a mount and a Landlock rule of its own."""

MOST_MANIFEST_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """One worker: whose it is, what it imports, where its files are, how it is held (K41, K42).

    All paths are absolute. What is named here is what the worker can read and write; the interpreter's standard library
    and the system's shared libraries are added by `jackfield.worker.policy_of`.

    Args:
        plugin: its canonical id.
        project: the host's name, e.g. `chat`.
        entry_point: what its entry point names, `module:object` or `module`.
        paths: its `sys.path` before the standard library: its own tree, its libraries', those of plugins it requires.
        named: top-level name, or the path of a part of a shared namespace (`acme/weather`), to the folder or file that
            holds it, for what is imported by name and not by path: the
            host's published distributions, or for a plugin of the host's environment its own packages and its
            libraries'. Nothing that lies beside them can be imported.
        metadata: `.dist-info` folders of what is named, so that `importlib.metadata` knows exactly these.
        manifest: the text of its plugin.toml, at most `MOST_MANIFEST_BYTES`.
        data_dir: its own data, writable; `HOME` in there.
        config_dir: its own settings' folder, writable.
        temporary: `TMPDIR` in there, writable; who starts the worker makes and empties it.
        read: further folders and files that it was granted to read.
        write: further folders and files that it was granted to read and write.
        grade: the sandbox's grade to reach; None takes the best that the machine gives and refuses a machine that gives
            none. `Grade.PROCESS` confines nothing, and is only ever the user's choice.
        landlock_abi_most: use no later version of Landlock, as on an older kernel; None takes what is there.
        limits: what it may use.
        api_type: the class of the host's own API as a plugin sees it, `module:name`; empty where the host has none.

    Raises:
        SandboxError: a path is relative, there are too many, or the manifest is too long.
    """

    plugin: str
    project: str
    entry_point: str
    paths: tuple[str, ...]
    manifest: str
    data_dir: str
    config_dir: str
    temporary: str
    named: Mapping[str, str] = field(default_factory=dict)
    metadata: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    grade: Grade | None = None
    landlock_abi_most: int | None = None
    limits: WorkerLimits = field(default_factory=WorkerLimits)
    api_type: str = ""

    def __post_init__(self) -> None:
        own = (self.data_dir, self.config_dir, self.temporary)
        kinds = (self.paths, tuple(self.named.values()), self.metadata, self.read, self.write, own)
        for paths in kinds:
            if len(paths) > MOST_PATHS:
                self._refuse(f"{len(paths)} paths of one kind, and at most {MOST_PATHS} are possible")
            for path in paths:
                if not os.path.isabs(path):  # noqa: PTH117 (a worker decodes this before it has touched pathlib)
                    self._refuse(f"the path {path!r}, which is not absolute")
        if len(self.manifest.encode()) > MOST_MANIFEST_BYTES:
            self._refuse(f"a manifest of more than {MOST_MANIFEST_BYTES} bytes")

    def _refuse(self, what: str) -> None:
        raise SandboxError(f"a worker for {self.plugin} was asked for with {what}", plugin=self.plugin)
