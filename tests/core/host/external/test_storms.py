"""Many programs at once: half-open, with one key, silent after their greeting; and a host that stops in the middle."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from jackfield.errors import LinkClosed, LinkError
from jackfield.rpc import BlockingConnection, Link

from tests.support.echo import CODE, Specs, an_open_house, counted, know, up
from tests.support.guests import House, program, status
from tests.support.waiting import until

pytestmark = pytest.mark.slow
MOST_STOP_SECONDS = 60.0


def opened() -> set[str]:
    """The sockets that this process has open."""
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that with which they are listed
            found.add(str(one.readlink()))
    return {one for one in found if one.startswith("socket:")}


class Storm:
    """Threads that connect again and again until they are told to end.

    Args:
        port: of the host.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.greeted = 0
        self.reasons: set[str] = set()

    def of(self, key: str, threads: int) -> None:
        """Have so many threads come with a key, and never answer what they are asked."""
        for _ in range(threads):
            self._begin(self._greet, key)

    def of_silent(self, threads: int) -> None:
        """Have so many threads come and say the beginning of something."""
        for _ in range(threads):
            self._begin(self._hang)

    def _begin(self, work, *arguments: object) -> None:
        thread = threading.Thread(target=self._again, args=(work, *arguments), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _again(self, work, *arguments: object) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError, LinkError):
                work(*arguments)
            self._over.wait(0.02)

    def _connection(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), timeout=5)

    def _hang(self) -> None:
        with self._connection() as connection:
            connection.sendall(b"\x16\x03")
            self._over.wait(0.5)

    def _greet(self, key: str) -> None:
        with self._connection() as connection:
            driver = BlockingConnection(Link(connection, lambda _: None, peer="the host"))
            try:
                if driver.greet({"key": key}, timeout_seconds=5).details:
                    self.greeted += 1
                driver.serve()
            except LinkClosed as error:
                self.reasons.add(error.message)
            if driver.ended is not None:
                self.reasons.add(driver.ended.message)

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)


@contextlib.contextmanager
def storm(house: House) -> Iterator[Storm]:
    port = house.host.gate.port
    assert port is not None
    one = Storm(port)
    try:
        yield one
    finally:
        one.end()


@pytest.mark.feature("J9", "J24")
async def test_many_connections_with_one_key_at_once_are_one_plugin(tmp_path: Path):
    async with an_open_house(tmp_path) as house:
        key = know(house)
        with program(tmp_path / "echo", CODE, key) as guest, storm(house) as others:
            guest.start(house.host)
            await up(house.host)
            number = house.host.gate.connections.get("echo").number
            others.of(key, 12)
            others.of_silent(40)
            await until(lambda: any("is connecting already" in one for one in others.reasons))
            for expected in range(1, 6):
                assert await counted(house.host) == [f"{expected} of {expected}"], "none was lost, none came twice"
            await until(lambda: any("is connected already" in one for one in others.reasons))
            assert house.host.gate.connections.get("echo").number == number
            assert others.greeted == 0


@pytest.mark.feature("J19", "J24")
async def test_a_host_stops_in_the_middle_of_a_storm(tmp_path: Path):
    before = opened()
    house = House(tmp_path, specs=Specs())
    keys = [house.know(name) for name in ("echo", "cat", "dog")]
    await house.host.start()
    with storm(house) as others:
        for key in keys:
            others.of(key, 5)
        others.of_silent(40)
        await until(lambda: others.greeted)
        async with asyncio.timeout(MOST_STOP_SECONDS):
            await house.host.stop()
        assert house.host.gate.connections.all() == {}
    assert not any(status(house.host, name).state.runs_code for name in ("echo", "cat", "dog"))
    await until(lambda: opened() <= before)
