"""What the product costs once installed: memory of idle servers and of two commands, and time to the first page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import httpx

from tests.benchmarks.table import Row
from tests.demo.wheels import build_wheels
from tests.support.processes import Server, clean_environment, free_port, script, wait_for

PLUGINS = ("dice", "poll", "timestamp", "welcome")
SERVER_MIB = 120
COMMAND_MIB = 60
START_SECONDS = 3
IDLE_SECONDS = 3.0

# Prints the peak memory of one child, in KiB. A small parent of its own: on Linux a child's peak starts with the memory
# of the process that it was forked from (getrusage(2), ru_maxrss).
_PEAK = """
import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, used = os.wait4(child, 0)
print(used.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


def measure() -> Iterable[Row]:
    """Start both servers as `make run` does, install the four plugins, and look at each process when it is idle."""
    with tempfile.TemporaryDirectory(prefix="jackfield-figures-") as name:
        folder = Path(name)
        build_wheels(folder / "wheels")
        port, market_port = free_port(), free_port()
        command = [script("jackfield-chat"), "serve", "--data", str(folder / "chat"), "--port", str(port)]
        command += ["--with-marketplace", "--market-port", str(market_port), "--seed", str(folder / "wheels")]
        yield Row.at_most("sign-in page answers, first start", first_answer(command, port), START_SECONDS, "s")
        environment = clean_environment(
            JACKFIELD_HOME=str(folder / "chat/plugins"), JACKFIELD_MARKETPLACE=f"http://127.0.0.1:{market_port}"
        )
        with Server(command, ready=2):
            install = [script("jackfield"), "install", "--yes", "--accept-permissions", *PLUGINS]
            subprocess.run(install, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        yield Row.at_most("sign-in page answers, four plugins", first_answer(command, port), START_SECONDS, "s")
        with Server(command, ready=2) as server:
            time.sleep(IDLE_SECONDS)  # idle is what is measured
            for pid in sorted(tree(server.pid)):
                what = "marketplace" if "jackfield-marketplace" in command_line(pid) else "chat"
                yield Row.at_most(f"{what}, idle, four plugins", resident_mib(pid), SERVER_MIB, "MiB")
            for words in (["list"], ["search", "poll"]):
                peak = peak_mib([script("jackfield"), *words], environment)
                yield Row.at_most(f"jackfield {' '.join(words)}, peak", peak, COMMAND_MIB, "MiB")


def first_answer(command: list[str], port: int) -> float:
    """Seconds from the start of the server until its sign-in page answers."""
    began = time.monotonic()
    server = Server(command, ready=2)

    def answers() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/sign-in", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    starter = threading.Thread(target=server.start)  # in a thread: the page may answer before the line is printed
    starter.start()
    try:
        wait_for(answers, seconds=30, what="the sign-in page", pause_seconds=0.01)
        return time.monotonic() - began
    finally:
        starter.join()
        server.stop()


def tree(pid: int) -> set[int]:
    """The process and all below it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # The name between the brackets may hold blanks and brackets of its own (proc(5)).
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def command_line(pid: int) -> str:
    """The words with which a process was started."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def resident_mib(pid: int) -> float:
    """The memory that a process holds now (VmRSS)."""
    match = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(match[1]) / 1024 if match else 0.0


def peak_mib(command: list[str], environment: dict[str, str]) -> float:
    """The most memory that a command held (ru_maxrss).

    Raises:
        RuntimeError: the command failed.
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", _PEAK, *command], env=environment, capture_output=True, text=True, check=True
    )
    peak, status = map(int, done.stdout.split())
    if status != os.EX_OK:
        raise RuntimeError(f"{' '.join(command)} ended with {status}")
    return peak / 1024
