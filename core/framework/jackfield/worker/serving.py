"""The life of a plugin's process: greet the host, load the plugin when asked, run what is called until the host goes.

The main thread reads and runs what is plain; what is asynchronous runs on the plugin's event loop.
"""

from __future__ import annotations

import inspect
import socket
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

import msgspec

from jackfield.api import Context, Event, EventType
from jackfield.errors import CannotCross, PluginError
from jackfield.isolation import WorkerSpec
from jackfield.rpc import BlockingConnection, DescriptorReceiver, Link, connected_pair
from jackfield.runtime import (
    GRACE_SECONDS,
    CallbackAnswer,
    Description,
    ListenerData,
    Loaded,
    marked_listeners,
    resolve,
    tie,
)
from jackfield.worker.calls import FROM_HOST
from jackfield.worker.facets import hearing
from jackfield.worker.handlers import Handlers
from jackfield.worker.hooks import serve_hooks
from jackfield.worker.inside import Inside
from jackfield.worker.looping import LoopThread
from jackfield.worker.rehearsal import NOBODYS, rehearse_often

#: Makes the plugin's context.
MakeContext: TypeAlias = Callable[[Inside], Context]


def prepare(calls: socket.socket, files: socket.socket) -> Callable[[WorkerSpec], None]:
    """Make in the zygote what every worker would make first: its pages of memory are then shared by all of them.

    Args:
        calls: stands for the socket to the host, which takes its place in each worker.
        files: stands for the socket to which `jackfield.rpc.DescriptorSender` sends.

    Returns:
        Callable: what a worker does with its life, given its spec.
    """
    rehearse_often(_rehearse)
    link = Link(calls, lambda _: None, peer="the host", limits=FROM_HOST, tell_tracebacks=True)
    blocking = BlockingConnection(link)
    descriptors = DescriptorReceiver(files)

    def serve_forked(spec: WorkerSpec) -> None:
        blocking.greet()
        live(spec, link, blocking, descriptors=descriptors)

    return serve_forked


def _rehearse() -> None:
    """Make all but the code of a plugin: its link, its context, the codecs of both."""
    ours, theirs = connected_pair()
    with ours, theirs:
        looping = LoopThread(NOBODYS.plugin)
        handlers = Handlers(looping)
        ends = [BlockingConnection(Link(end, handlers.served, peer="nobody")) for end in (ours, theirs)]
        for end in ends:
            end.send_hello()
        for end in ends:
            end.receive_hello()
        inside = Inside(NOBODYS, looping, ends[0], handlers)
        Serving(inside, _context).offer()
        _context(inside)
        inside.calls.close()  # the zygote collects nothing, and its workers would have these descriptors


def serve(
    spec: WorkerSpec,
    connection: socket.socket,
    make_context: MakeContext | None = None,
    *,
    descriptors: DescriptorReceiver | None = None,
) -> None:
    """Be the plugin's side of a link until the host goes away.

    Args:
        spec: what this process was started with.
        connection: a stream socket to the host; closed at the end.
        make_context: makes the plugin's context; None: the one that asks the host for everything.
        descriptors: takes open files and sockets of the host; None where none can come.

    Raises:
        LinkClosed: the link was ended for a reason; none if the host just went away.
    """
    link = Link(connection, lambda _: None, peer="the host", limits=FROM_HOST, tell_tracebacks=True)
    blocking = BlockingConnection(link)
    blocking.greet()
    live(spec, link, blocking, make_context, descriptors=descriptors)


def live(
    spec: WorkerSpec,
    link: Link,
    blocking: BlockingConnection,
    make_context: MakeContext | None = None,
    *,
    descriptors: DescriptorReceiver | None = None,
) -> None:
    """Be the plugin's side of a link that has been greeted, until the host goes away.

    Args:
        spec: what this process was started with.
        link: to the host.
        blocking: drives it.
        make_context: as for `serve`.
        descriptors: as for `serve`.

    Raises:
        LinkClosed: the link was ended for a reason; none if the host just went away.
    """
    looping = LoopThread(spec.plugin)
    handlers = Handlers(looping)
    inside = Inside(spec, looping, blocking, handlers, descriptors)
    Serving(inside, make_context or _context).offer()
    link.serve = handlers.served
    try:
        blocking.serve()
    finally:
        inside.calls.close()


def _context(inside: Inside) -> Context:
    from jackfield.worker.context import RemoteContext

    return cast("Context", RemoteContext(inside))


class Serving:
    """The methods that a host calls in a plugin's life.

    Args:
        inside: what the plugin's side shares.
        make_context: makes the plugin's context.
    """

    def __init__(self, inside: Inside, make_context: MakeContext) -> None:
        self._inside = inside
        self._make_context = make_context
        self._loaded: Loaded | None = None

    def offer(self) -> None:
        """Let the host call them."""
        handlers = self._inside.handlers
        handlers.serve("plugin.load", self._load)
        handlers.serve("plugin.callback", self._callback)
        handlers.serve("plugin.health", self._health)
        handlers.serve("scope.open", self._open)
        handlers.serve("scope.close", self._close)
        handlers.serve("handler.event", self._hear)

    def _load(self, hooks: dict[str, str] = {}, events: list[str] = []) -> Description:  # noqa: B006 (only read)
        inside, spec = self._inside, self._inside.spec
        if self._loaded is not None:
            raise PluginError(f"{spec.plugin} is loaded", plugin=spec.plugin)
        context = self._make_context(inside)
        target = resolve(spec.plugin, spec.entry_point)
        loaded = self._loaded = tie(spec.plugin, spec.entry_point, target, context)
        described = serve_hooks(loaded.target, spec.plugin, spec.project, hooks, inside.handlers)
        listeners = [
            ListenerData(*self._listener(mark.event, handler), mark.priority)
            for mark, handler in marked_listeners(loaded.target, context, events, taken=hooks)
        ]
        commands = [inside.commands.marked(mark, function) for mark, function in loaded.commands]
        return Description(tuple(loaded.callbacks), tuple(described), tuple(listeners), tuple(commands))

    def _listener(self, event: str | EventType[Any], handler: Callable[..., Any]) -> tuple[str, int]:
        typed = event if isinstance(event, EventType) else None
        number = self._inside.handlers.keep(hearing(handler, typed), lasting=True)
        return typed.name if typed is not None else str(event), number

    def _callback(self, name: str, arguments: list[Any]) -> Any:
        function = self._loaded.callbacks.get(name) if self._loaded is not None else None
        if function is None:
            raise PluginError(f"{self._inside.spec.plugin} has no callback {name}", plugin=self._inside.spec.plugin)
        return _left(name, function(*arguments))

    def _hear(self, handler: int, event: Event[dict[str, Any]], chain: tuple[str, ...] = ()) -> Any:
        return self._inside.handlers.kept(handler)(event, chain)

    def _health(self) -> Any:
        """Say nothing: an answer says that the main thread is at work, and the event loop if there is one."""
        return _nothing() if self._inside.looping.started else None

    def _open(self) -> None:
        self._inside.scope.open()

    def _close(self) -> Any:
        inside = self._inside
        if inside.looping.started:
            return self._end()
        inside.scope.close()
        inside.handlers.drop()
        return []

    async def _end(self) -> list[str]:
        inside = self._inside
        inside.scope.close()
        left = list(await inside.scheduler.end(GRACE_SECONDS))
        inside.uses.tell()
        inside.handlers.drop()
        return left


async def _nothing() -> None:
    """Run on the event loop, and so say that it goes on."""


def _left(name: str, value: object) -> Any:
    """Return what a callback leaves behind, or await it."""
    if inspect.isawaitable(value):
        return _awaited(name, value)
    if name == "on_health":
        return CallbackAnswer(value if value is None or isinstance(value, bool) else str(value))
    if name != "on_unload" or value is None:
        return CallbackAnswer()
    try:
        return CallbackAnswer(plain(value))
    except CannotCross as error:
        return CallbackAnswer(None, error.message)


async def _awaited(name: str, value: Awaitable[Any]) -> Any:
    return _left(name, await value)


def plain(value: object) -> Any:
    """Return a value as the plain data that crosses to another process.

    Raises:
        CannotCross: it is none.
    """
    try:
        return msgspec.msgpack.decode(msgspec.msgpack.encode(value))
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise CannotCross(f"what on_unload returned is no data: {error}") from None
