"""What all parts of the plugin's side share: the way to the host, the event loop, the scope of what was begun."""

from __future__ import annotations

from functools import partial

from jackfield.errors import LinkClosed, text_of
from jackfield.isolation import WorkerSpec
from jackfield.rpc import BlockingConnection, DescriptorReceiver
from jackfield.runtime import Guard, PluginScheduler, Scope
from jackfield.worker.calls import HostCalls, HostCrossing
from jackfield.worker.commands import CommandHandlers
from jackfield.worker.handlers import Handlers
from jackfield.worker.looping import LoopThread
from jackfield.worker.uses import Uses

MESSAGE_CHARACTERS = 4000
TRACEBACK_CHARACTERS = 12_000


class Inside:
    """One plugin's process, as its context sees it.

    Args:
        spec: what the process was started with.
        looping: the plugin's event loop.
        connection: to the host.
        handlers: what the host may call.
        descriptors: takes open files and sockets of the host; None where none can come.

    Attributes:
        calls: asks the host.
        commands: the functions of its commands.
        crossing: leads from any thread to the plugin's event loop.
        scope: what the plugin began and has not ended.
        uses: tells the host of what runs beside its calls.
        guard: tells the host of what fails beside its calls.
        scheduler: the plugin's tasks, threads and timers.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        looping: LoopThread,
        connection: BlockingConnection,
        handlers: Handlers,
        descriptors: DescriptorReceiver | None = None,
    ) -> None:
        self.spec = spec
        self.looping = looping
        self.handlers = handlers
        self.descriptors = descriptors
        self.calls = HostCalls(connection)
        self.commands = CommandHandlers(self.calls, handlers)
        self.crossing = HostCrossing(spec.plugin, looping, self.calls)
        self.scope = Scope(spec.plugin)
        self.uses = Uses(self.calls)
        self.guard = Guard(partial(_tell, self.calls), begin=self.uses.begin)
        self.scheduler = PluginScheduler(spec.plugin, self.scope, self.guard, self.crossing)


def _tell(calls: HostCalls, plugin: str, what: str, error: BaseException) -> None:
    """Tell the host of a failure that nobody waits for: of a task, a thread, a timer."""
    import traceback  # only where something failed

    text = "".join(traceback.format_exception(error, limit=-20))
    told = {
        "what": what,
        "kind": type(error).__name__,
        "message": _written(text_of(error))[:MESSAGE_CHARACTERS],
        "traceback": _written(text)[-TRACEBACK_CHARACTERS:],
    }
    try:
        calls.notify("plugin.failed", told)
    except LinkClosed:
        return  # nobody is left to be told


def _written(text: str) -> str:
    """Return a text without what UTF-8 cannot carry: the name of a file may hold half a character."""
    return text.encode("utf-8", "backslashreplace").decode()
