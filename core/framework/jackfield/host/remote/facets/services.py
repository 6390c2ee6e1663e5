"""`context.services`, served to a plugin in another process: what it offers and what it uses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from jackfield.errors import CannotCross, NotSent, PluginError, UsageError, WrongArguments
from jackfield.host.facets import Elsewhere, Passed, PluginContext, ServiceHandle, call_plainly, offer_of
from jackfield.host.remote.calls import PluginCalls
from jackfield.host.remote.facets.holding import Held, Holding
from jackfield.host.remote.facets.turns import TurnsOfCalls
from jackfield.host.remote.words import service_in_words
from jackfield.runtime import Found, Whole

MOST_SERVICES = 1000
MOST_METHODS = 500
LONGEST_NAME = 200
MOST_CHARACTERS = 1 << 19
"""Of all methods by which one plugin has found services: each handle keeps those of its protocol."""


#: A handle, and the methods of the protocol that it is held to.
_Handle: TypeAlias = tuple[ServiceHandle, frozenset[str] | None]


class ServedServices:
    """`services.…`.

    Args:
        context: the plugin's.
        holding: what it holds.
        calls: to the plugin.
    """

    def __init__(self, context: PluginContext, holding: Holding, calls: PluginCalls) -> None:
        self._services = context.services
        self._holding = holding
        self._calls = calls
        self._passed = Passed()
        self._turns = TurnsOfCalls()
        self.handles: Held[_Handle] = Held(holding.plugin, "services", MOST_SERVICES)
        self._ended = False

    def provide(self, service: str, handler: int, methods: list[str]) -> int:
        """Offer a service whose methods are called by `service.call`; a subscription."""
        target = _Provided(self._calls, self._passed, self._turns, service, handler, _public(methods))
        return self._holding.begin(lambda: self._services.provide(service, target), (service, methods))

    async def get(self, service: str, members: list[str] | None = None) -> Found | None:
        """Find a service, by its name, or by the class of its protocol and the methods of that; nil for none."""
        return self._found(await self._services.get(_asked(service, members)), members)

    async def require(self, service: str, members: list[str] | None = None) -> Found | None:
        """Find a service that must be there."""
        return self._found(await self._services.require(_asked(service, members)), members)

    async def call(
        self,
        service: int,
        method: str,
        arguments: list[Any] = [],  # noqa: B006 (only read)
        keywords: dict[str, Any] = {},  # noqa: B006 (only read)
        within: int | None = None,
    ) -> Whole:
        """Call a method of a service that was found; `within` is the `call` that it is made for, or 0."""
        handle = self._held(service, method)
        with self._passed.within(within):
            answer = call_plainly(handle, method, arguments, keywords)
            whole = await answer if inspect.isawaitable(answer) else answer
        return await self._holding.whole(whole)

    def _held(self, number: int, method: str) -> ServiceHandle:
        """Return the handle of a number.

        Raises:
            PluginError: the plugin has found that service before it was disabled or reloaded.
            UsageError: no service was ever told by that number.
        """
        self._let_go()
        if number not in self.handles and self.handles.has_been(number):
            plugin = self._holding.plugin
            raise PluginError(
                f"{plugin} called {method} of a service that it had found before it was disabled or reloaded",
                plugin=plugin,
                hint="find it again in on_enable, or whenever it is used: await context.services.get(…)",
            )
        return self.handles.get(number)[0]

    def _let_go(self) -> None:
        """Let go of the handles of a scope before this one."""
        if self._ended and self._holding.scope.is_open:
            self._ended = False
            self.handles.clear()

    def _found(self, handle: ServiceHandle | None, told: list[str] | None) -> Found | None:
        if handle is None:
            return None
        offer = offer_of(handle)
        members = frozenset(told) if told is not None else None
        self._let_go()
        self._holding.follow_scope()
        known = (number for number, kept in self.handles.items() if kept[1] == members and offer_of(kept[0]) is offer)
        number = next(known, None)
        if number is None:
            if len(self.handles.items()) >= MOST_SERVICES:  # of many that are gone nobody needs to be told any more
                for gone, kept in self.handles.items():
                    if offer_of(kept[0]).target is None:
                        self.handles.take(gone)
            if sum(_length(kept[1]) for _, kept in self.handles.items()) + _length(members) > MOST_CHARACTERS:
                raise PluginError(
                    f"{self._holding.plugin} names more than {MOST_CHARACTERS} characters of methods of services",
                    plugin=self._holding.plugin,
                    hint="ask for each service by one protocol",
                )
            number = self.handles.keep((handle, members))
        return Found(number, offer.plugin, offer.name)


def end_services(services: ServedServices) -> None:
    """Note that the scope has closed: its handles are of use until the next one opens.

    Till then code that was called before is still at work, as in a process that is replaced. This is no method, since
    all of those are served to the plugin.
    """
    services._ended = True  # of this module


class _Provided(Elsewhere):
    """What answers for a service that a plugin in another process offers."""

    def __init__(
        self,
        calls: PluginCalls,
        passed: Passed,
        turns: TurnsOfCalls,
        service: str,
        handler: int,
        methods: frozenset[str],
    ) -> None:
        self._calls = calls
        self._turns = turns
        self._passed = passed
        self._service = service
        self._handler = handler
        self._methods = methods

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if name.startswith("_") or name not in self._methods:
            raise AttributeError(name)

        async def call(*arguments: Any, **named: Any) -> Any:
            with self._passed.told() as (number, level):
                told = {
                    "service": self._handler,
                    "method": name,
                    "arguments": list(arguments),
                    "keywords": named,
                    "call": number,
                    "level": level,
                }
                what = service_in_words(self._service, name)
                async with self._turns.taken():
                    try:
                        return await self._calls.call("service.call", told, what=what)
                    except CannotCross as error:
                        told_so = CannotCross(f"{what}: {error.message}", hint=error.hint)
                        if isinstance(error, NotSent):  # what it was given: that is the mistake of who called
                            raise WrongArguments(told_so.message) from told_so
                        raise told_so from None

        return call


def _asked(service: str, members: list[str] | None) -> Any:
    """What `context.services` takes: a name, or a class of that name with these methods."""
    if members is None:
        return service
    name = service.encode("ascii", "backslashreplace").decode().replace("\0", "")[:LONGEST_NAME]
    return type(name, (), dict.fromkeys(_public(members), _method))


def _length(members: frozenset[str] | None) -> int:
    return sum(map(len, members)) if members is not None else 0


def _method(self: object) -> Any:
    """Stands for a method of a protocol, which has a name here and nothing else."""


def _public(methods: list[str]) -> frozenset[str]:
    if len(methods) > MOST_METHODS or any(len(one) > LONGEST_NAME for one in methods):
        raise UsageError(
            f"a service has at most {MOST_METHODS} methods, with names of at most {LONGEST_NAME} characters"
        )
    return frozenset(one for one in methods if one.isidentifier() and not one.startswith("_"))
