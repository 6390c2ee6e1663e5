"""The services of one host's plugins: offered under names, reached by handles that die with their provider (U28)."""

import inspect
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

from jackfield.api import Subscription, service_name
from jackfield.errors import IdentityError, PermissionDenied, PluginError, UsageError, WrongArguments
from jackfield.host.facets.names import require_name
from jackfield.host.facets.offers import Offer, ServiceRegistry
from jackfield.host.facets.permits import Permits
from jackfield.manifest import canonical_id
from jackfield.runtime import Guard, Scope, fit_answer, fit_arguments, lacking, members_of, takes


class Elsewhere:
    """What answers for a service whose provider runs in another process: its answers are plain data."""


class ServiceHandle:
    """What a consumer holds: the methods of a service, looked up at each call, so that it never keeps the provider.

    It dies with its provider. Where that is replaced in a process of its own, calls wait and go to the next code.

    Args:
        offer: the service.
        consumer: the id of who holds it.
        protocol: the class that says which methods can be called; None: every public one.
        guard: counts the calls to the provider, and what fails in it.
        registry: knows which services are waited for.
        require: returns if its consumer may call it, as its grant is now.
    """

    on_loop: ClassVar[bool] = True

    def __init__(
        self,
        offer: Offer,
        consumer: str,
        protocol: type[Any] | None,
        guard: Guard,
        registry: ServiceRegistry,
        require: Callable[[], None],
    ) -> None:
        self._require = require
        self._offer = offer
        self._consumer = consumer
        self._protocol = protocol
        self._members = members_of(protocol) if protocol is not None else None
        self._guard = guard
        self._registry = registry

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        known = self._members is None or name in self._members
        if not known or not (self._is_awaited() or callable(getattr(self._target(name), name, None))):
            offer = self._current()
            raise AttributeError(f"the service {offer.name} of {offer.plugin} has no method {name}")
        return partial(self._call, name)

    def _call(self, method: str, /, *arguments: object, **named: object) -> Any:
        self._require()
        if self._is_awaited():
            return self._later(method, lambda: getattr(self, method)(*arguments, **named))
        target = self._target(method)
        if isinstance(target, Elsewhere):
            return self._asked(method, arguments, named)
        function = getattr(target, method)
        if inspect.iscoroutinefunction(function):
            return self._awaited(method, function(*arguments, **named))
        with self._watched(method):
            try:
                return function(*arguments, **named)
            except TypeError as error:
                if takes(function, arguments, named):
                    raise
                wrong = error
        raise wrong  # whoever calls is mistaken, and not the provider

    async def _awaited(self, method: str, call: Coroutine[Any, Any, Any]) -> Any:
        try:
            with self._watched(method):
                return await call
        finally:
            call.close()  # it never began, where it was refused

    async def _asked(self, method: str, arguments: tuple[object, ...], named: dict[str, object]) -> Any:
        if self._is_awaited():  # since the call was made, which is only now awaited
            return await self._later(method, lambda: getattr(self, method)(*arguments, **named))
        function = getattr(self._target(method), method)
        try:
            answer = await self._awaited(method, function(*arguments, **named))
        except WrongArguments as error:
            raise error.__cause__ or TypeError(error.message) from None
        return fit_answer(self._protocol, method, answer)

    async def _later(self, method: str, call: Callable[[], Any]) -> Any:
        """Make a call when the provider's next code is there."""
        if not await self._registry.there(self._current()):
            raise self._gone(method)
        answer = call()
        return await answer if inspect.isawaitable(answer) else answer

    def _current(self) -> Offer:
        self._offer = self._offer.last()
        return self._offer

    def _is_awaited(self) -> bool:
        return self._registry.awaits(self._current(), self._consumer)

    @contextmanager
    def _watched(self, method: str) -> Iterator[None]:
        provider, what = self._offer.plugin, f"service {self._offer.name}.{method}"
        underway = self._registry.underway
        try:
            underway.require_end(self._consumer, provider, what)
        except UsageError as error:  # once, and not at each level of the circle
            self._guard.blame(self._consumer, what, error)
            raise
        watched = self._guard.watched(provider, what, for_user=True)
        with underway.begun(self._consumer, provider), watched:
            yield

    def _target(self, method: str) -> object:
        target = self._current().target
        if target is None:
            raise self._gone(method)
        return target

    def _gone(self, method: str) -> PluginError:
        offer = self._current()
        return PluginError(
            f"{self._consumer} called {method} of the service {offer.name}, which {offer.plugin} does not offer "
            "any more: it was disabled, unloaded or reloaded",
            plugin=self._consumer,
            hint=f'find it again whenever it is used: await context.services.get("{offer.name}")',
        )

    def __repr__(self) -> str:
        offer = self._current()
        gone = " (gone)" if offer.target is None else ""
        return f"<the service {offer.name} of {offer.plugin}{gone}>"


class PluginServices:
    """`context.services` of one plugin.

    Args:
        plugin: its id.
        registry: the host's.
        scope: what it offers belongs to.
        permits: its grant.
        wake: brings up those of some plugins, or of all, that sleep until a service of this name is used.
        guard: counts the calls to services, and what fails in them.
        declared: the services that the manifest says it offers.
        requires: canonical id of each plugin that the manifest requires -> whether it is optional, as written.
    """

    def __init__(
        self,
        plugin: str,
        registry: ServiceRegistry,
        scope: Scope,
        permits: Permits,
        *,
        wake: Callable[[str, Collection[str] | None], Awaitable[None]],
        guard: Guard,
        declared: Collection[str] = (),
        requires: Mapping[str, bool] | None = None,
    ) -> None:
        self._plugin = plugin
        self._registry = registry
        self._scope = scope
        self._permits = permits
        self._wake = wake
        self._guard = guard
        self._declared = declared
        self._requires = requires or {}
        self._own = canonical_id(plugin)

    def provide(self, service: "str | type[Any]", target: object) -> Subscription:
        """Offer an object until closed or until the plugin is disabled."""
        name = service_name(service)
        if not name or ":" in name:
            raise UsageError(f"{self._plugin} cannot offer a service named {name!r}", plugin=self._plugin)
        require_name(self._plugin, "a service", name)
        if not isinstance(service, str) and (missing := lacking(target, service)):
            raise UsageError(
                f"{self._plugin} offers a {service.__name__} that lacks {', '.join(missing)}", plugin=self._plugin
            )
        allowed = None
        if name not in self._declared:
            self._permits("services", "provide")
            allowed = partial(self._permits.may, "services", "provide")
        self._scope.require_open(f"service {name}")
        take_away = self._registry.add(Offer(self._plugin, name, target))
        return self._scope.begin(f"service {name}", take_away, allowed=allowed)

    async def get(self, service: Any) -> Any:
        """Return a handle of a service; None where only an optional dependency could offer it, and none does."""
        name, provider = self._parse(service)
        await self._wake(name, self._woken(provider))
        offers = self._offers(name, provider)
        offer = self._reachable(offers, name)
        while offer is not None and self._registry.awaits(offer, self._plugin):
            if await self._registry.there(offer):
                offers = self._offers(name, provider)
                offer = self._reachable(offers, name)
            else:
                offers, offer = {cid: one for cid, one in offers.items() if one is not offer}, None
        if offer is None:
            self._refuse_absence(name, provider, offers)
            return None
        require = partial(self._require_call, canonical_id(offer.plugin))
        if isinstance(service, str):
            return ServiceHandle(offer, self._plugin, None, self._guard, self._registry, require)
        if missing := lacking(offer.target, service):
            raise PluginError(
                f"the service {name} of {offer.plugin} is no {service.__name__}: it lacks {', '.join(missing)}",
                plugin=offer.plugin,
            )
        return ServiceHandle(offer, self._plugin, service, self._guard, self._registry, require)

    async def require(self, service: Any) -> Any:
        """Return a handle as `get` does, and never None."""
        handle = await self.get(service)
        if handle is None:
            raise self._absent(self._parse(service)[0])
        return handle

    def _parse(self, service: Any) -> tuple[str, str | None]:
        provider, _, name = service_name(service).rpartition(":")
        try:
            return name, canonical_id(provider) if provider else None
        except IdentityError as error:
            raise UsageError(f"{service!r} names no service: {error}", plugin=self._plugin) from None

    def _woken(self, provider: str | None) -> Collection[str] | None:
        """Whom a use may bring up, or any; nobody has code run that they may not call."""
        if self._permits.may("services", "call"):
            return None if provider is None else (provider,)
        return self._requires if provider is None else self._requires.keys() & {provider}

    def _offers(self, name: str, provider: str | None) -> Mapping[str, Offer]:
        offers = self._registry.named(name)
        return offers if provider is None else {cid: offer for cid, offer in offers.items() if cid == provider}

    def _reachable(self, offers: Mapping[str, Offer], name: str) -> Offer | None:
        """The one that is meant: its own, the first in `[requires]`, or the only other if it may call others."""
        for cid in (self._own, *self._requires):
            if cid in offers:
                return offers[cid]
        if not offers or not self._permits.may("services", "call"):
            return None
        if len(offers) > 1:
            every = sorted(f"{offer.plugin}:{name}" for offer in offers.values())
            raise UsageError(
                f"{self._plugin} asks for the service {name}, which is one of {', '.join(every)}",
                plugin=self._plugin,
                hint=f'say whose: get("{every[0]}"); or name its plugin under [requires] in plugin.toml',
            )
        return next(iter(offers.values()))

    def _require_call(self, provider: str) -> None:
        """Return if a service of this plugin may be called, also of one that was found while it might be."""
        if provider != self._own and provider not in self._requires:
            self._permits("services", "call")

    def _refuse_absence(self, name: str, provider: str | None, offers: Mapping[str, Offer]) -> None:
        """Return if the plugin has to get on without: whoever could offer it is optional, or anybody."""
        optional = any(self._requires.values()) if provider is None else self._requires.get(provider, False)
        required = provider in self._requires and not optional
        if optional or (not required and self._permits.may("services", "call")):
            return
        if not offers:
            raise self._absent(name)
        others = ", ".join(sorted(offer.plugin for offer in offers.values()))
        try:
            self._permits("services", "call")
        except PermissionDenied as error:
            # Seldom is the permission what its author wants: whoever builds on a plugin says so, and may call it.
            hint = f"name {others}, which offers {name}, under [requires] in plugin.toml; or ask for services:call"
            raise PermissionDenied(error.message, plugin=error.plugin, hint=hint) from error

    def _absent(self, name: str) -> PluginError:
        return PluginError(
            f"{self._plugin} asks for the service {name}, which no plugin that it can reach offers",
            plugin=self._plugin,
            hint="is its plugin enabled, and under [requires] in plugin.toml?",
        )


def offer_of(handle: ServiceHandle) -> Offer:
    """Return the offer that a handle leads to."""
    return handle._current()  # of this module; a handle's public names are its service's


def call_plainly(handle: ServiceHandle, method: str, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
    """Call a method with plain arguments, which become what the provider's annotations say.

    Raises:
        AttributeError: the service has no method of that name.
        TypeError: the arguments do not fit.
    """
    call = handle.__getattr__(method)  # what is no method of the service, a name of Python's own, is not found so
    if handle._is_awaited():
        return handle._later(method, partial(call_plainly, handle, method, arguments, keywords))
    target = handle._target(method)  # of this module
    if isinstance(target, Elsewhere):
        return call(*arguments, **keywords)
    values, named = fit_arguments(getattr(target, method), arguments, keywords)
    return call(*values, **named)
