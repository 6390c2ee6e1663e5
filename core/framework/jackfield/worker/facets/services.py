"""`context.services` in a worker: what it offers is called by number, what it uses it calls through the host."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar

from jackfield.api import Subscription, service_name
from jackfield.errors import UsageError, WrongArguments
from jackfield.runtime import Found, fit_answer, fit_arguments, lacking, members_of
from jackfield.worker.facets.asking import Asking
from jackfield.worker.turns import Within, at_work_on, led_by


class RemoteServices:
    """See `jackfield.api.Services`.

    Args:
        asking: leads to the host.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        asking.handlers.serve("service.call", self._called)

    def provide(self, service: str | type[Any], target: object) -> Subscription:
        """Offer an object until closed or until the plugin is disabled."""
        plugin = self._asking.plugin
        if not isinstance(service, str) and (missing := lacking(target, service)):
            raise UsageError(f"{plugin} offers a {service.__name__} that lacks {', '.join(missing)}", plugin=plugin)
        methods = [name for name in dir(target) if not name.startswith("_") and _is_called(target, name)]
        number = self._asking.handlers.keep(_Offered(target, frozenset(methods)))
        told = {"service": service_name(service), "handler": number, "methods": methods}
        return self._asking.begun("services.provide", told, number)

    async def get(self, service: Any) -> Any:
        """Return a handle of a service; None where only an optional dependency could offer it, and none does."""
        return await self._found("services.get", service)

    async def require(self, service: Any) -> Any:
        """Return a handle as `get` does, and never None."""
        return await self._found("services.require", service)

    async def _found(self, method: str, service: Any) -> Any:
        protocol = None if isinstance(service, str) else service
        told = {
            "service": service if protocol is None else protocol.__name__,
            "members": sorted(members_of(protocol)) if protocol is not None else None,
        }
        found: Found | None = await self._asking.call(method, told, Found | None)
        return RemoteService(self._asking, found, protocol) if found is not None else None

    def _called(
        self,
        service: int,
        method: str,
        arguments: list[Any],
        keywords: dict[str, Any],
        call: int = 0,
        level: int = 0,
    ) -> Any:
        offered = self._asking.handlers.kept(service)
        if not isinstance(offered, _Offered) or method not in offered.methods:
            raise AttributeError(f"the service has no method {method}")
        function: Callable[..., Any] = getattr(offered.target, method)
        try:
            values, named = fit_arguments(function, arguments, keywords)
        except TypeError as error:
            raise WrongArguments(f"{method}(): {error}") from None
        within = Within(call, level)
        with at_work_on(within):
            result = function(*values, **named)
        return _awaited(result, within) if inspect.isawaitable(result) else result


class _Offered:
    """What stands behind the number of a service that is offered."""

    def __init__(self, target: object, methods: frozenset[str]) -> None:
        self.target = target
        self.methods = methods


class RemoteService:
    """A handle of a service: its methods are called through the host, and their answers typed by the protocol.

    Args:
        asking: leads to the host.
        found: what the host told of it.
        protocol: what it is held to; None: every public method can be tried.
    """

    on_loop: ClassVar[bool] = True

    def __init__(self, asking: Asking, found: Found, protocol: type[Any] | None) -> None:
        self._asking = asking
        self._found = found
        self._protocol = protocol

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._protocol is not None and name not in members_of(self._protocol):
            raise AttributeError(f"the service {self._found.name} of {self._found.plugin} has no method {name}")

        async def call(*arguments: Any, **named: Any) -> Any:
            told = {
                "service": self._found.service,
                "method": name,
                "arguments": list(arguments),
                "keywords": named,
                "within": led_by().call,
            }
            return fit_answer(self._protocol, name, await self._asking.whole("services.call", told))

        return call

    def __repr__(self) -> str:
        return f"<the service {self._found.name} of {self._found.plugin}>"


async def _awaited(result: Awaitable[Any], within: Within) -> Any:
    with at_work_on(within):
        return await result


def _is_called(target: object, name: str) -> bool:
    """Say whether an object has a method; what cannot be looked at yet, as a property of a later time, is none."""
    try:
        return callable(getattr(target, name, None))
    except Exception:  # noqa: BLE001  # the plugin's own code, of which nobody has asked anything
        return False
