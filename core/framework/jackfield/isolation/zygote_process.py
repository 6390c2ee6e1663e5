"""One zygote from its start to its end: what is sent to it, what it tells, and what happens to its workers with it."""

import asyncio
import errno
import logging
import os
import signal
import socket
import weakref
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Any, Final

from jackfield.errors import LinkClosed, SandboxError
from jackfield.isolation.child import Child, ForkedProcess, HowItEnded
from jackfield.isolation.control import (
    MOST_ANSWER_BYTES,
    MOST_CONTROL_BYTES,
    Confined,
    Ended,
    Fork,
    Forked,
    NotForked,
    Ready,
    Told,
    descriptors_in,
    framed,
    packet,
    read_answer,
    read_told,
    receive_frame_soon,
    room_for,
    with_descriptors,
)
from jackfield.isolation.ends import Ends
from jackfield.isolation.output import PrintedLines
from jackfield.isolation.silence import LOOK_SECONDS, Silence
from jackfield.isolation.spec import WorkerSpec
from jackfield.isolation.zygote_program import StandsStillError, ZygoteLostError, ZygoteProgram
from jackfield.manifest import logger_name
from jackfield.sandbox import Grade

START_SECONDS: Final = 30.0
"""For a zygote to load everything, on a machine that is busy: it takes a fifth of a second."""

FORK_SECONDS: Final = 30.0
"""For a worker to be there and confined, on a machine that is busy: it takes some milliseconds."""

ROOM_SECONDS: Final = 0.005
"""Between two attempts to send to a zygote that is busy forking."""

END_SECONDS: Final = 2.0
"""For the zygote to end by itself when it is told to; then it is killed."""

_STILL: Final = "the process that forks workers stands still"
_LINES_A_SECOND: Final = 100

_log = logging.getLogger("jackfield.isolation")


class ZygoteProcess:
    """A running zygote, and the workers that it forked; `Zygote` says what it is for.

    Args:
        program: that was started.
        printed: what it prints.

    Attributes:
        pid: the process.
        grade: the best that the machine gives.
        is_gone: whether it has ended, or is told to.
        stands_still: whether it is asked for no more workers. Those that it forked live on, and it is killed after
            them, since the kernel ends them with it.
    """

    def __init__(self, program: ZygoteProgram, printed: PrintedLines) -> None:
        process, control = program.process, program.control
        self.pid = process.pid
        self.grade = Grade.PROCESS
        self.is_gone = self.stands_still = False
        self._let_go = program.let_go
        self._silence = Silence(process.pid)
        self._looking: asyncio.TimerHandle | None = None
        self._process = process
        self._control = control
        self._printed = printed
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()
        self._numbers = count(1)
        self._ready: asyncio.Future[Grade] = self._loop.create_future()
        self._asked: dict[int, asyncio.Future[ForkedProcess]] = {}
        self._workers: dict[int, ForkedProcess] = {}
        self._reaped = asyncio.Event()
        self._is_closing = False
        # Whose loop is closed, or whose program ends, without `close` leaves no process behind that nobody waits for.
        self._abandon = weakref.finalize(self, program.abandon, os.getpid())
        control.setblocking(False)
        self._loop.add_reader(control, self._hear)
        self._descriptor = os.pidfd_open(process.pid)
        self._loop.add_reader(self._descriptor, self._reap)

    @classmethod
    async def started(cls, executable: str, settings: Mapping[str, Any]) -> "ZygoteProcess":
        """Start one and wait until it has loaded everything.

        Args:
            executable: the Python to run.
            settings: as `jackfield.worker.zygote.serve` reads them.

        Raises:
            SandboxError: it cannot be started, or did not get ready.
            ZygoteLostError: somebody stopped or killed it before it was ready; it is gone.
        """
        program = ZygoteProgram.started(executable, settings)
        try:
            printed = PrintedLines(
                program.printed, speaker="the zygote of workers", lines_a_second=_LINES_A_SECOND, level=logging.WARNING
            )
            running = cls(program, printed)
        except BaseException:
            program.end()
            raise
        try:
            async with asyncio.timeout(START_SECONDS):
                running._expect()
                running.grade = await running._ready
        except BaseException as error:
            await running.close()
            killed = isinstance(error, ZygoteLostError) and program.process.returncode == -signal.SIGKILL
            if isinstance(error, StandsStillError) or killed or not isinstance(error, LinkClosed | TimeoutError):
                raise
            raise SandboxError(
                "the process that forks workers did not get ready", hint="the log of jackfield.isolation says why"
            ) from error
        return running

    async def fork(self, spec: WorkerSpec, *, name: str = "") -> Child:
        """As `Zygote.fork`.

        Raises:
            ZygoteLostError: it stands still, or ended before the worker was confined; as `Zygote.fork` besides.
        """
        plugin = spec.plugin
        try:
            ends = Ends()
        except OSError as error:
            raise SandboxError(f"{plugin} has no worker: {error}", plugin=plugin) from error
        lines = spec.limits.log_lines_per_second
        log = logging.getLogger(logger_name(spec.project, name or plugin))
        printed = PrintedLines(ends.printed, speaker=plugin, lines_a_second=lines, logger=log)
        process: ForkedProcess | None = None
        try:
            async with asyncio.timeout(FORK_SECONDS):
                with ends:
                    asked = await self._ask(*ends.theirs)
                with suppress(BrokenPipeError, ConnectionResetError):  # then it has said why, or is dead already
                    await self._loop.sock_sendall(ends.files, framed(spec))
                process = await asked
                process.ended.add_done_callback(lambda _: printed.close())
                grade = await self._confined(plugin, process, ends.files)
        except BaseException as error:
            if process is None:
                printed.close()
            else:
                process.kill()
            ends.close()
            if isinstance(error, TimeoutError):
                late = f"a worker of {plugin} was not there within {FORK_SECONDS:g} s"
                raise SandboxError(late, plugin=plugin) from None
            if isinstance(error, LinkClosed | OSError) and not isinstance(error, ZygoteLostError):
                raise SandboxError(f"{plugin} has no worker: {error}", plugin=plugin) from error
            raise
        ends.files.shutdown(socket.SHUT_RD)  # nobody reads there any more: what it sends would be kept and not counted
        return Child(plugin, grade, process, ends.calls, ends.files)

    async def close(self) -> None:
        """End it, and with it all workers; return when all of them are gone."""
        self._is_closing = True
        self._lose()
        if self.stands_still:
            self._process.kill()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._reaped.wait()
        except TimeoutError:
            self._process.kill()
            await self._reaped.wait()
        for worker in list(self._workers.values()):
            await asyncio.shield(worker.ended)

    async def _ask(self, *descriptors: int) -> asyncio.Future[ForkedProcess]:
        number = next(self._numbers)
        message = [packet(Fork(number))]
        async with self._sending:
            while not self.is_gone and not self.stands_still:
                asked = self._asked[number] = self._loop.create_future()
                self._expect()
                try:
                    self._control.sendmsg(message, with_descriptors(*descriptors))
                except OSError as error:
                    del self._asked[number]
                    await self._after(error)
                else:
                    return asked
        raise self._loss() if self.is_gone else StandsStillError(_STILL)

    async def _after(self, error: OSError) -> None:
        """Wait until the control socket may take what it did not take; or learn that it never will.

        Raises:
            OSError: for another reason than that.
        """
        if isinstance(error, BrokenPipeError | ConnectionResetError):
            self._lose()
        elif isinstance(error, BlockingIOError) or error.errno == errno.ETOOMANYREFS:
            # Full of packets, or more descriptors on their way than a user may have; the zygote reads as it forks.
            await asyncio.sleep(ROOM_SECONDS)
        else:
            raise error

    async def _confined(self, plugin: str, process: ForkedProcess, files: socket.socket) -> Grade:
        """Read what a new worker says of itself, the only thing that is ever read from that socket."""
        try:
            answer = read_answer(await receive_frame_soon(files, MOST_ANSWER_BYTES))
        except (LinkClosed, ConnectionResetError):
            how = await asyncio.shield(process.ended)
            if how.was_lost:
                raise self._loss() from None
            raise SandboxError(f"the worker of {plugin} {how} before it was confined", plugin=plugin) from LinkClosed(
                "its process has ended"
            )
        if isinstance(answer, Confined):
            return answer.grade
        raise SandboxError(answer.message, plugin=plugin, hint=answer.hint)

    def _hear(self) -> None:
        while not self.is_gone:
            try:
                content, ancillary, _, _ = self._control.recvmsg(
                    MOST_CONTROL_BYTES, room_for(1), socket.MSG_CMSG_CLOEXEC
                )
            except BlockingIOError:
                return
            except ConnectionResetError:
                content, ancillary = b"", []
            if content:
                self._take(read_told(content), descriptors_in(ancillary))
            else:
                self._lose()

    def _expect(self) -> None:
        """Look from now on, as long as something is asked of it, whether it stands still."""
        if self._looking is None:
            self._silence.broken()
            self._looking = self._loop.call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = None
        self._hear()  # what it has said counts, also where the host had no time to hear it
        loads = not self._ready.done()
        if self.is_gone or self.stands_still or not (self._asked or loads):
            return
        if self._silence.lasts(at_start=loads):
            self._stand_still()
        else:
            self._looking = self._loop.call_later(LOOK_SECONDS, self._look)

    def _stand_still(self) -> None:
        """Ask it for no more; kill it once no worker is left that would be killed with it."""
        self.stands_still = True
        left = f", and this one is killed after its {len(self._workers)} workers" if self._workers else ""
        _log.error("%s (%d): another one is started%s", _STILL, self.pid, left)
        waiting: tuple[asyncio.Future[Any], ...] = (self._ready, *self._asked.values())
        for asked in waiting:  # those of workers stay: should it go on, it forks what nobody waits for any more
            if not asked.done():
                asked.set_exception(StandsStillError(_STILL))
                asked.exception()
        self._end_after_all()

    def _end_after_all(self) -> None:
        if self.stands_still and not self._workers:
            self._process.kill()

    def _forget(self, pid: int) -> None:
        self._workers.pop(pid, None)
        self._end_after_all()

    def _take(self, told: Told, descriptors: list[int]) -> None:
        self._silence.broken()
        match told:
            case Ready(grade):
                if not self._ready.done():
                    self._ready.set_result(grade)
            case Forked(number) if not descriptors:
                # The host has as many as it may have. Nobody holds the worker then, and it ends with its sockets.
                if not (asked := self._asked.pop(number)).done():
                    asked.set_exception(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
            case Forked(number, pid):
                worker = self._workers[pid] = ForkedProcess(pid, descriptors[0], self._hear)
                worker.ended.add_done_callback(lambda _: self._forget(pid))
                asked = self._asked.pop(number)
                if asked.done():  # nobody waits for it any more
                    worker.kill()
                else:
                    asked.set_result(worker)
            case NotForked(number, reason):
                asked = self._asked.pop(number)
                if not asked.done():
                    asked.set_exception(SandboxError(f"no process could be made for a worker: {reason}"))
            case Ended(pid, code):
                if (gone := self._workers.pop(pid, None)) is not None:
                    gone.settle(HowItEnded(code))

    def _lose(self) -> None:
        """The control socket is at its end, or is closed: nothing more is told, and nothing more is forked."""
        if self.is_gone:
            return
        self.is_gone = True
        if self._looking is not None:
            self._looking.cancel()
        self._loop.remove_reader(self._control)
        self._control.close()
        lost = self._loss()
        everybody: tuple[asyncio.Future[Any], ...] = (self._ready, *self._asked.values())
        for waiting in everybody:
            if not waiting.done():
                waiting.set_exception(lost)
                waiting.exception()  # who waits for it gets it; that nobody may is no mistake
        self._asked.clear()
        for worker in self._workers.values():
            worker.settle_when_gone()

    def _loss(self) -> LinkClosed:
        """Return what to tell who waits for a worker; another zygote is of no use where the host has ended this one."""
        told = "the process that forks workers has ended"
        return LinkClosed(told) if self._is_closing else ZygoteLostError(told)

    def _reap(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        code = self._process.wait()
        self._abandon.detach()
        self._let_go()
        expected = self.stands_still or (self.is_gone and code == 0)
        self._lose()
        self._printed.close()
        self._reaped.set()
        if not expected:
            _log.error("the zygote of workers %s; its workers have ended with it", HowItEnded(code))
