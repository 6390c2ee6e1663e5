"""Peers as child processes on the loopback, and what they take of the processor."""

from __future__ import annotations

import http.client
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.figures import tree
from tests.support.processes import NotStarted, clean_environment, wait_for

START_SECONDS = 120  # devpi works for a while over an index that it has not seen
STOP_SECONDS = 10


@contextmanager
def peer_server(command: Sequence[str], port: int, path: str = "/") -> Iterator[int]:
    """Run a server that says nothing by itself until the block ends; gives its process id once it answers `path`.

    Raises:
        NotStarted: it ended, or did not answer within two minutes; the message holds what it printed.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, env=clean_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            try:
                wait_for(
                    lambda: process.poll() is not None or _answers(port, path), seconds=START_SECONDS, what=command[0]
                )
            except TimeoutError as error:
                raise NotStarted(str(error)) from error
            if process.poll() is not None:
                output.seek(0)
                raise NotStarted(f"{Path(command[0]).name} ended: {output.read().decode(errors='replace')[-2000:]}")
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def cpu_seconds(pid: int) -> float:
    """The processor time, user and system, that a process and all below it have taken so far.

    Read from the kernel's clock of each process (clock_getcpuclockid(3)): the same time as utime and stime of
    /proc/<pid>/stat, but in nanoseconds instead of ticks of ten milliseconds.
    """
    return sum(time.clock_gettime((~one << 3) | 2) for one in tree(pid))


def _ended_or_up(process: subprocess.Popen[bytes], port: int, path: str) -> bool:
    return process.poll() is not None or _answers(port, path)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except OSError:
        return False
    finally:
        connection.close()
