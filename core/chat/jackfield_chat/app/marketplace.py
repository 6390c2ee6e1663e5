"""The marketplace beside the chat: a process of its own, found as a console script and never imported.

It ends with the chat, however the chat ends: by its id when the chat stops, and by the kernel when the chat is killed.
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from jackfield.errors import JackfieldError

from jackfield_chat.settings import Settings

SCRIPT = "jackfield-marketplace"
READY = f"{SCRIPT}: ready on "
START_SECONDS = 60.0
END_SECONDS = 5.0
LONGEST_LINE = 64 * 1024
_PR_SET_PDEATHSIG = 1


class MarketplaceError(JackfieldError):
    """The marketplace beside the chat cannot be started."""


class Marketplace:
    """One marketplace process.

    Args:
        settings: its port, its data and its seed.
        log: called with each line that it prints after it is ready.
    """

    def __init__(self, settings: Settings, *, log: Callable[[str], None]) -> None:
        self._settings = settings
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Start it and return its address once it is ready.

        Raises:
            MarketplaceError: it is not installed, ended early, or was not ready in a minute; says what it printed.
        """
        script = Path(sys.executable).parent / SCRIPT
        if not script.exists():
            raise MarketplaceError(
                f"{SCRIPT} is not installed beside {sys.executable}", hint="install jackfield-marketplace"
            )
        with resources.as_file(resources.files("jackfield_chat_api") / "host.toml") as hostfile:
            self._process = await asyncio.create_subprocess_exec(
                script,
                *self._arguments(hostfile),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=LONGEST_LINE,
                preexec_fn=_end_with_parent(),
            )
            try:
                return await asyncio.wait_for(self._ready(self._process), START_SECONDS)
            except TimeoutError as exc:
                await self.stop()
                raise MarketplaceError(f"{SCRIPT} was not ready within {START_SECONDS:.0f} seconds") from exc

    def _arguments(self, hostfile: Path) -> list[str]:
        settings = self._settings
        arguments = ["serve", "--data", str(settings.marketplace_data), "--host", settings.host]
        arguments += ["--port", str(settings.market_port), "--host-file", str(hostfile)]
        if settings.seed is not None:
            arguments += ["--seed", str(settings.seed)]
        return arguments

    async def _ready(self, process: asyncio.subprocess.Process) -> str:
        if process.stdout is None:
            raise MarketplaceError(f"{SCRIPT} has no output")
        said: list[str] = []
        while raw := await process.stdout.readline():  # an empty line is one, too: only the end is empty bytes
            line = raw.decode(errors="replace").rstrip()
            if line.startswith(READY):
                self._reader = asyncio.create_task(self._follow(process.stdout))
                return line.removeprefix(READY).strip()
            if line:
                said = [*said[-9:], line]
        await process.wait()
        told = said[-1] if said else f"exit status {process.returncode}"
        raise MarketplaceError(f"{SCRIPT} could not start: {told}", hint="choose another port with --market-port")

    async def _follow(self, output: asyncio.StreamReader) -> None:
        # Read on for as long as it runs: a full pipe would stop it.
        while True:
            try:
                line = await output.readline()
            except ValueError:  # a line longer than the limit
                continue
            if not line:
                return
            self._log(line.decode(errors="replace").rstrip())

    async def stop(self) -> None:
        """End it: politely, then for good after five seconds."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reader is not None:
            await self._reader


def _end_with_parent() -> Callable[[], None] | None:
    """Return what a child runs before its program: ask the kernel for an end when the chat is gone (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: after it, only system calls are safe.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # the chat was gone before the kernel knew
            os._exit(1)

    return ask
