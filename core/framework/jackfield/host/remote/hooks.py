"""Hooks that a plugin in another process implements: a function stands for each, and pluggy sees nothing else.

Order, `tryfirst`, `firstresult`, pipelines, blame and counting are therefore what they are for any plugin.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Coroutine, Generator, Mapping, Sequence
from functools import partial
from typing import Any, Optional

from jackfield.errors import CallTimeout, LinkClosed, PluginError
from jackfield.hooks import HookManager, SomeFailed, Underway, is_asynchronous
from jackfield.host.missing_hooks import instead_of
from jackfield.host.remote.answers import HookCodec
from jackfield.host.remote.asking import Waiting, asking
from jackfield.host.remote.functions import function_for, marked
from jackfield.host.remote.plugin import RemotePlugin
from jackfield.isolation import Line
from jackfield.rpc import OpenCall, can_cross, in_one_line
from jackfield.runtime import HookData

_ELSEWHERE = 'leave the hook out, or ask for isolation = "inline"'  # of what another process alone keeps from it

MOST_BATCHED = 1000
"""Calls in one message: what is more is sent in several, so that a frame stays below its bound."""


class Proxy:
    """What is registered for a plugin in another process: a function for each of its hooks, under the hook's name."""

    def __init__(self, plugin: str) -> None:
        self.plugin = plugin
        self.hooks: dict[str, tuple[HookData, bool]] = {}  # and whether each is asynchronous

    def __repr__(self) -> str:
        return f"<{self.plugin} in its own process>"


def proxy_of(remote: RemotePlugin, hooks: Sequence[HookData], manager: HookManager) -> Proxy:
    """Return what is registered for a plugin's hooks.

    Args:
        remote: the plugin.
        hooks: what its code implements.
        manager: knows the specs.

    Raises:
        PluginError: one of them cannot be called from another process; the sentence names it and says why.
    """
    proxy = Proxy(remote.plugin)
    for one in hooks:
        spec = _spec(manager, one.name)
        if spec is None:
            if one.optionalhook:
                continue
            raise _refused(remote, one, "the application has no such hook", hint=instead_of(one.name, manager))
        if one.name in proxy.hooks:
            raise _refused(remote, one, "it is named twice")
        if one.wrapper:
            raise _refused(remote, one, "it is a wrapper, and a wrapper runs around the others in their process")
        if spec.opts.get("historic"):
            why = "it is historic: its calls are made again while plugins register, and no process answers meanwhile"
            raise _refused(remote, one, why)
        if len({*one.arguments, *one.optional}) < len(one.arguments) + len(one.optional):
            raise _refused(remote, one, "an argument is named twice")
        wrong = sorted({*one.arguments, *one.optional} - {*spec.argnames, *spec.kwargnames})
        if wrong:
            why = f"it takes {in_one_line(', '.join(wrong)[:200])}, which the hook does not have"
            takes = ", ".join([*spec.argnames, *spec.kwargnames])
            raise _refused(remote, one, why, hint=f"the hook has {takes}" if takes else "the hook has no arguments")
        signature, problem = _signature(spec, one)
        problem = problem or can_cross(signature)
        if problem:
            raise _refused(remote, one, problem)
        seconds = min(manager.options(one.name).timeout_seconds or remote.call_seconds, remote.call_seconds)
        hook = RemoteHook(remote, one.name, HookCodec(signature, remote.plugin, one.name), seconds)
        asynchronous = one.asynchronous or is_asynchronous(spec.function)
        setattr(proxy, one.name, marked(function_for(one, hook, asynchronous=asynchronous), one, manager))
        proxy.hooks[one.name] = (one, asynchronous)
    return proxy


def spec_places(manager: HookManager) -> dict[str, str]:
    """Return every hook of a host with the place of its spec, `module:qualname`, for who can import it."""
    places = {}
    for name in vars(manager.hook):
        spec = _spec(manager, name)
        function = spec.function if spec is not None else None
        module, path = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
        places[name] = f"{module}:{path}" if module and path and "<" not in path else ""
    return places


class RemoteHook:
    """One hook's implementation in another process (`jackfield.hooks.Outside`).

    Args:
        remote: the plugin.
        name: the hook's.
        codec: reads its answers.
        seconds: what one call may take.
    """

    def __init__(self, remote: RemotePlugin, name: str, codec: HookCodec, seconds: float) -> None:
        self.name = name
        self.codec = codec
        self.seconds = seconds
        self._remote = remote
        self._line = remote.line
        self._method = method = f"hook.{name}"
        self.is_here = self._line.is_here
        made = (method, codec, seconds)
        self.ask, self._ask_directly = self._line.quick(*made, self._asked, self._sent, self.told)
        self.ask_now, self._ask_now_directly = self._line.held(*made, self.call_now, self.told)

    def go_by(self, way: Line | None) -> None:
        """Send calls by another way from now on; None: to the plugin's own process again.

        A call of the hook may be under way already, and come to this implementation later.
        """
        if (way or self._remote.line) is self._line:
            return
        self._line = way or self._remote.line
        self._ask_directly(way is None)
        self._ask_now_directly(way is None)

    def send(self, given: dict[str, Any], /) -> _Sent | _Waiting:
        """Send a call with these arguments, on the event loop's thread."""
        line = self._line
        try:
            call = line.begin(self._method, given, self.codec, self.seconds)
        except LinkClosed as error:
            raise self.told(error) from error
        waiting = self._remote.waiting() if asking.get() is not None else None
        if call is None:
            return _Waiting(self, line.call_coded(self._method, given, self.codec, self.seconds), waiting)
        return _Sent(self, line, call, waiting)

    def send_now(self, given: dict[str, Any], /) -> _Sent:
        """Send a call with these arguments, in a thread that will wait for its answer."""
        if asking.get() is not None or not self.is_here():
            return _Sent(self, self._line, self._line.begin_on_loop(self._method, partial(self._on_loop, given)))
        try:
            return _Sent(self, self._line, self._line.begin_now(self._method, given, self.codec, self.seconds))
        except LinkClosed as error:
            raise self.told(error) from error

    def call(self, given: Mapping[str, Any], /) -> Coroutine[Any, Any, Any]:
        """Return the coroutine that calls it with these arguments; to be awaited at once."""
        return self._answered(self._line.call_coded(self._method, given, self.codec, self.seconds))

    def call_now(self, given: Mapping[str, Any], /) -> Any:
        """Call it with these arguments and wait for its answer."""
        if asking.get() is not None or not self.is_here():
            return self._line.finish_now(self._line.begin_on_loop(self._method, partial(self._on_loop, given)))
        try:
            return self._line.call_now(self._method, given, self.codec, self.seconds)
        except (CallTimeout, LinkClosed) as error:
            raise self.told(error) from error

    async def _on_loop(self, given: Mapping[str, Any]) -> Any:
        """The same as `call`, of which nothing happens before the loop runs it.

        What is called for somebody has that one's time stand still, whose deadlines belong to the loop's thread. And
        what another thread calls may come to the loop when the plugin is being replaced: it goes the way there is then.
        """
        return await self.call(given)

    def _asked(self, given: Mapping[str, Any]) -> Underway:
        """Return what is awaited for a call that goes by way of the loop."""
        return Underway(self.call(given))

    def _sent(self, call: OpenCall) -> Underway:
        """Return what is awaited for a call that was sent."""
        return Underway(self._answered(self._remote.line.finish(call)))

    async def _answered(self, answer: Awaitable[Any]) -> Any:
        """Await an answer, and let whoever the call is made for have its time stand still meanwhile."""
        waiting = self._remote.waiting() if asking.get() is not None else None
        try:
            return await answer
        except (CallTimeout, LinkClosed) as error:
            raise self.told(error) from error
        except asyncio.CancelledError:
            self.given_up()
            raise
        finally:
            if waiting is not None:
                waiting.end()

    def require_waiting(self) -> None:
        """Return if this thread may wait for an answer.

        Raises:
            UsageError: it is that of the event loop, which would stand still.
        """
        self._line.require_elsewhere(self._method)

    async def send_batch(self, many: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Call it many times; each call is answered, or by the error that it raised: in a `SomeFailed`."""
        answers: list[Any] = []
        failed = False
        waiting = self._remote.waiting()
        try:
            for first in range(0, len(many), MOST_BATCHED):
                part = many[first : first + MOST_BATCHED]
                answered = await self._line.call_batch(self._method, part, self.codec, self.seconds)
                failed = failed or type(answered) is not list
                if answers:
                    answers += answered
                else:
                    answers = answered
        except (CallTimeout, LinkClosed) as error:
            raise self.told(error) from error
        finally:
            if waiting is not None:
                waiting.end()
        return SomeFailed(answers) if failed else answers

    def told(self, error: CallTimeout | LinkClosed) -> PluginError:
        """Return what is told of a call that was not answered; the supervisor is told of one that was late."""
        what = f"hook {self.name}"
        if isinstance(error, CallTimeout):
            return self._remote.was_late(what, self.seconds)
        return self._remote.is_gone(what, error)

    def given_up(self) -> None:
        """Note that nobody waits for a call any more, which goes on for a while all the same."""
        self._remote.given_up(f"hook {self.name}", self.seconds)


class _Sent:
    """A call on its way (`jackfield.hooks.Sent`)."""

    __slots__ = ("_call", "_hook", "_line", "_waiting", "began", "ended")

    def __init__(self, hook: RemoteHook, line: Line, call: Any, waiting: Waiting | None = None) -> None:
        self._waiting = waiting
        self._hook = hook
        self._line = line
        self._call = call
        self.began = time.perf_counter_ns()
        self.ended = 0
        if type(call) is OpenCall:  # an answer that comes before it is waited for has its own time
            call.settled = self._settled

    def _settled(self, _: object = None) -> None:
        self.ended = self.ended or time.perf_counter_ns()
        if self._waiting is not None:
            self._waiting.end()
            self._waiting = None

    def __await__(self) -> Generator[Any, Any, Any]:
        call, line = self._call, self._line
        try:
            if call.done or line.look(call):
                return call.result()
            return (yield from line.finish(call).__await__())
        except (CallTimeout, LinkClosed) as error:
            raise self._hook.told(error) from error
        except asyncio.CancelledError:
            self._hook.given_up()
            raise
        finally:
            self._settled()

    def wait(self) -> Any:
        """Return its answer, or raise what was raised."""
        try:
            return self._line.finish_now(self._call)
        except (CallTimeout, LinkClosed) as error:
            raise self._hook.told(error) from error
        finally:
            self.ended = self.ended or time.perf_counter_ns()


class _Waiting:
    """A call that waits until its process reads again."""

    __slots__ = ("_hook", "_task", "_waiting", "began", "ended")

    def __init__(self, hook: RemoteHook, call: Awaitable[Any], waiting: Waiting | None) -> None:
        self._waiting = waiting
        self._hook = hook
        self._task = asyncio.ensure_future(call)
        self.began = time.perf_counter_ns()
        self.ended = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            return (yield from self._task.__await__())
        except (CallTimeout, LinkClosed) as error:
            raise self._hook.told(error) from error
        finally:
            self.ended = time.perf_counter_ns()
            if self._waiting is not None:
                self._waiting.end()

    def wait(self) -> Any:
        """Never called: what waits in line is awaited."""
        raise NotImplementedError


def _spec(manager: HookManager, name: str) -> Any:
    caller = vars(manager.hook).get(name)
    return caller.spec if caller is not None else None


def _signature(spec: Any, data: HookData) -> tuple[inspect.Signature, str]:
    """Return the arguments that an implementation takes, with the types of the spec, or why they cannot be told.

    The answer may be nothing, whatever the spec says.
    """
    try:
        signature = inspect.signature(spec.function, eval_str=True)
    except Exception as error:  # noqa: BLE001  # whatever stands in an annotation that is a text
        return inspect.Signature(), f"the annotations of its spec cannot be read: {error}"
    names = {*data.arguments, *data.optional}
    parameters = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, one in signature.parameters.items() if name in names
    ]
    answer: Any = signature.return_annotation
    if answer is not inspect.Signature.empty:
        answer = Optional[answer]  # noqa: UP045 (None | None is an error)
    return inspect.Signature(parameters, return_annotation=answer), ""


def _refused(remote: RemotePlugin, data: HookData, why: str, *, hint: str = _ELSEWHERE) -> PluginError:
    return PluginError(
        f"{remote.plugin} cannot implement hook {in_one_line(data.name[:100])} in a process of its own: {why}",
        plugin=remote.plugin,
        hint=hint,
    )
