"""Real workers for tests: a zygote whose workers do what they are told, and specs with folders of their own."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from jackfield.isolation import Child, Packages, WorkerSpec, Zygote, packages_of

from tests.support import told_worker

VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


def told_zygote(more: Packages | None = None, **changes: Any) -> Zygote:
    """A zygote whose workers run the source that they are told, and can import these packages."""
    published = more or packages_of()
    published = Packages({**published.named, "told_worker": str(Path(told_worker.__file__))}, published.metadata)
    return Zygote(published, serve="told_worker:prepare", **changes)


@asynccontextmanager
async def running(**changes: Any) -> AsyncIterator[Zygote]:
    """A zygote that is closed at the end."""
    zygote = told_zygote(**changes)
    try:
        await zygote.start()
        yield zygote
    finally:
        await zygote.close()


def spec_in(folder: Path, **changes: Any) -> WorkerSpec:
    """A spec with its folders below this one; they are made."""
    own = {name: folder / name for name in ("code", "data", "config", "temporary")}
    for one in own.values():
        one.mkdir(exist_ok=True, parents=True)
    fields: dict[str, Any] = {
        "plugin": "weather",
        "project": "chat",
        "entry_point": "weather:Weather",
        "paths": (str(own["code"]),),
        "manifest": 'id = "weather"',
        "data_dir": str(own["data"]),
        "config_dir": str(own["config"]),
        "temporary": str(own["temporary"]),
    }
    return WorkerSpec(**fields | changes)


@cache
def usable_interpreter() -> str | None:
    """An interpreter of this version that an ordinary user can run: root's own may lie in root's folder."""
    needed = (told_worker.__file__, *packages_of().named.values())
    for candidate in (sys.executable, shutil.which(VERSION, path="/usr/bin:/usr/local/bin")):
        if candidate is not None and all(_reached(Path(path)) for path in (candidate, sys.prefix, *needed)):
            return candidate
    return None


def _reached(path: Path) -> bool:
    real = path.resolve()
    return all(above.stat().st_mode & 0o001 for above in (*real.parents, real if real.is_dir() else real.parent))


class Refused(Exception):
    """What a worker was told to do raised an error there.

    Args:
        kind: the error's class.
        detail: its text.
        number: its errno.
    """

    def __init__(self, kind: str, detail: str, number: int | None) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.number = number


async def tell(child: Child, source: str) -> Any:
    """Have a told worker run this source, and return what it left in `told`.

    Raises:
        Refused: it raised an error.
        EOFError: the worker ended before it answered.
    """
    loop = asyncio.get_running_loop()
    child.socket.setblocking(False)
    try:
        await loop.sock_sendall(child.socket, source.encode())
        packet = await loop.sock_recv(child.socket, told_worker.MOST_BYTES)
    except (ConnectionResetError, BrokenPipeError):
        raise EOFError from None
    if not packet:
        raise EOFError
    answer = json.loads(packet)
    if answer["raised"] is not None:
        raise Refused(answer["raised"], answer["detail"], answer["errno"])
    return answer["value"]
