"""What the product costs once installed: memory of idle servers and of two commands, and time to the first page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from tests.benchmarks.table import Row
from tests.demo.wheels import ROOT
from tests.support.processes import Server, clean_environment, free_port, script, wait_for

PLUGINS = ("dice", "poll", "timestamp", "welcome")
SERVER_MIB = 120
COMMAND_MIB = 60
START_SECONDS = 3
IDLE_SECONDS = 3.0
STARTS = 3  # of which the median counts
SERVERS = {"jackfield-chat": "chat", "jackfield-marketplace": "marketplace"}

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
    """Start both servers with `make run`, install the four plugins, and look at each process when it is idle."""
    with tempfile.TemporaryDirectory(prefix="jackfield-figures-") as name:
        data, port, market_port = Path(name), free_port(), free_port()
        command = ["make", "--no-print-directory", "run", f"DATA={data}", f"PORT={port}", f"MARKET_PORT={market_port}"]
        environment = clean_environment(
            JACKFIELD_HOME=str(data / "chat/plugins"), JACKFIELD_MARKETPLACE=f"http://127.0.0.1:{market_port}"
        )
        yield Row.at_most(
            "make run, first start, sign-in page answers", first_answer(command, port), START_SECONDS, "s"
        )
        with Server(command, ready=2, cwd=ROOT):
            install = [script("jackfield"), "install", "--yes", "--accept-permissions", *PLUGINS]
            subprocess.run(install, env=environment, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        again = median(first_answer(command, port) for _ in range(STARTS))
        yield Row.at_most("make run, four plugins, sign-in page answers", again, START_SECONDS, "s")
        with Server(command, ready=2, cwd=ROOT) as server:
            time.sleep(IDLE_SECONDS)  # idle is what is measured
            require_at_work(environment)
            for pid in sorted(tree(server.pid)):
                what = SERVERS.get(command_name(pid))
                if what is not None:  # make and its shell are no part of the product
                    yield Row.at_most(f"{what}, idle, four plugins", resident_mib(pid), SERVER_MIB, "MiB")
            for words in (["list"], ["search", "poll"]):
                peak = peak_mib([script("jackfield"), *words], environment)
                yield Row.at_most(f"jackfield {' '.join(words)}, peak", peak, COMMAND_MIB, "MiB")


def require_at_work(environment: dict[str, str]) -> None:
    """See that all four plugins are installed and enabled, so that the figures are those of a chat with plugins.

    Raises:
        RuntimeError: they are not.
    """
    told = subprocess.run([script("jackfield"), "list", "--json"], env=environment, capture_output=True, check=True)
    enabled = [row["id"] for row in json.loads(told.stdout)["plugins"] if row["enabled"] and not row["problem"]]
    if sorted(enabled) != sorted(PLUGINS):
        raise RuntimeError(f"the four plugins are not all at work, only {enabled}")


def first_answer(command: list[str], port: int) -> float:
    """Seconds from the start of the server until its sign-in page answers."""
    began = time.monotonic()
    server = Server(command, ready=2, cwd=ROOT)

    def answers() -> bool:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/sign-in")
            return connection.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

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


def command_name(pid: int) -> str:
    """The console script that a process runs; empty for anything else."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return Path(words[1]).name if len(words) > 1 and "python" in words[0] else ""


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
