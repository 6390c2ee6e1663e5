"""One worker as its host holds it: a descriptor of its process, two sockets, and how it ended."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from jackfield.isolation.measuring import how_it_ended
from jackfield.sandbox import Grade

TOLD_SECONDS: Final = 2.0
"""For the zygote to tell how a worker ended that it has reaped: one that is stopped just then never does."""


@dataclass(frozen=True, slots=True)
class HowItEnded:
    """How a process ended.

    Args:
        code: its exit code, or minus the number of the signal that killed it; None if nobody can say, since the zygote
            has ended as well, or does not answer.
        untold: whether the zygote is there and did not say.
    """

    code: int | None
    untold: bool = False

    @property
    def was_lost(self) -> bool:
        """Whether it ended together with the process that forks all workers: none of its own doing."""
        return self.code is None and not self.untold

    def __str__(self) -> str:
        """As the end of a sentence: `was killed by SIGKILL`."""
        if self.code is None and self.untold:
            return "ended, and the process that forks all workers does not say how"
        if self.code is None:
            return "ended together with the process that forks all workers"
        if self.code < 0:
            try:
                return f"was killed by {signal.Signals(-self.code).name}"
            except ValueError:  # a real-time signal has no name
                return f"was killed by signal {-self.code}"
        return f"ended with exit code {self.code}"


class ForkedProcess:
    """A process of the zygote's, held by a descriptor: what is killed by it is never another one of that number.

    Args:
        pid: its number.
        descriptor: of the process (pidfd_open(2)); closed here once it has ended.
        hear: takes what the zygote has told until now, or notices that it is gone.
    """

    def __init__(self, pid: int, descriptor: int, hear: Callable[[], None]) -> None:
        self.pid = pid
        self._descriptor = descriptor
        self._hear = hear
        self._orphaned = False
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[HowItEnded] = self._loop.create_future()
        self._late: asyncio.TimerHandle | None = None
        self._loop.add_reader(descriptor, self._is_gone)

    def kill(self) -> None:
        """Send SIGKILL; nothing happens if it has ended."""
        with suppress(OSError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def settle(self, how: HowItEnded) -> None:
        """Note how it ended."""
        if not self.ended.done():
            if self._late is not None:
                self._late.cancel()
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
            self.ended.set_result(how)

    def settle_when_gone(self) -> None:
        """Note that it ended when the kernel says so: the zygote, which would tell how, is gone."""
        if not self.ended.done():
            self._orphaned = True
            self._loop.add_reader(self._descriptor, self._is_gone_with_it)

    def _is_gone_with_it(self) -> None:
        how_it_ended(self.pid, self._descriptor)  # reaps it where it has become a child of this process
        self.settle(HowItEnded(None))

    def _is_gone(self) -> None:
        """Note how it ended, from the kernel as long as nobody has reaped it, and else from the zygote, which has.

        That one has a moment to tell: nobody waits for ever for one that stands still.
        """
        self._loop.remove_reader(self._descriptor)
        code = how_it_ended(self.pid, self._descriptor)
        self._hear()  # a worker that the kernel killed with its zygote may be seen sooner than the zygote's own end
        if self.ended.done() or (self._orphaned and code in (None, -signal.SIGKILL)):
            return  # told meanwhile, or settled by `_is_gone_with_it`
        if code is not None:
            self.settle(HowItEnded(code))
        else:
            self._late = self._loop.call_later(TOLD_SECONDS, self.settle, HowItEnded(None, untold=True))


class Child:
    """A worker that is confined and serves. `Zygote.fork` makes it.

    Args:
        plugin: whose it is.
        grade: in which it holds itself.
        process: that it is.
        calls: the socket of calls; the caller uses and closes it.
        files: the socket on which `jackfield.rpc.DescriptorSender` sends to it; the caller uses and closes it.
    """

    def __init__(
        self, plugin: str, grade: Grade, process: ForkedProcess, calls: socket.socket, files: socket.socket
    ) -> None:
        self.plugin = plugin
        self.grade = grade
        self.socket = calls
        self.files = files
        self._process = process

    @property
    def pid(self) -> int:
        """Its process; after its end the number may be another one's."""
        return self._process.pid

    @property
    def ended(self) -> HowItEnded | None:
        """How it ended; None while it lives, and until its end was told."""
        return self._process.ended.result() if self._process.ended.done() else None

    async def wait(self) -> HowItEnded:
        """Return how it ended, once it has."""
        return await asyncio.shield(self._process.ended)

    def kill(self) -> None:
        """Kill it, whatever it does; nothing happens if it has ended. `wait` says when it is gone."""
        self._process.kill()

    def close(self) -> None:
        """Kill it and close both sockets."""
        self.kill()
        self.socket.close()
        self.files.close()
