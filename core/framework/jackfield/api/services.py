"""Services: what one plugin offers to those that require it, by a protocol (U28, K47)."""

import re
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, overload

from jackfield.api.events import Subscription

ServiceT = TypeVar("ServiceT")

_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Services(Protocol):
    """Objects that plugins offer to each other, under names that their manifests declare (U28, K17, K25).

    A plugin reaches its own, and those of the plugins that it `[requires]`; any other needs `services:call`. Offering
    one that `[contributes] services` does not declare needs `services:provide`.

    A service is named by a text (`geocoder`; `geo:geocoder` where more than one plugin offers it) or by a protocol, a
    class: `Geocoder`, `GeocoderProtocol` are the service `geocoder`, `RouteFinder` is `route-finder`.
    """

    def provide(self, service: "str | type[Any]", target: object) -> Subscription:
        """Offer `target` until closed or until the plugin is disabled.

        Its public methods can be called. Make them `async def` and their arguments and results plain data: then they
        work in every isolation.

        Args:
            service: its name, or the protocol that `target` is held to.
            target: what answers.

        Raises:
            UsageError: `target` lacks a method of the protocol, or the plugin offers one of that name already.
            PermissionDenied: the manifest does not declare it and `services:provide` was not granted.
            PluginError: the plugin is not enabled.
        """
        ...

    @overload
    async def get(self, service: str) -> Any: ...

    @overload
    async def get(self, service: Callable[..., ServiceT]) -> ServiceT | None: ...

    async def get(self, service: Any) -> Any:
        """Return a handle of a service; None where only an optional dependency could offer it, and none does.

        The handle is dead as soon as the provider is disabled: its methods then raise `PluginError`, and it holds
        nothing of the provider. Get it again to reach the one that came after.

        Args:
            service: its name, or the protocol it is held to.

        Raises:
            PluginError: nobody who could be reached offers it, or it lacks a method of the protocol.
            PermissionDenied: another plugin offers it, which is not required, and `services:call` was not granted.
            UsageError: several plugins offer it, and none of them is required.
        """
        ...

    @overload
    async def require(self, service: str) -> Any: ...

    @overload
    async def require(self, service: Callable[..., ServiceT]) -> ServiceT: ...

    async def require(self, service: Any) -> Any:
        """Return a handle as `get` does, and never None.

        Raises:
            PluginError: nobody offers it, also where `get` would return None; and what `get` raises.
        """
        ...


def service_name(service: "str | type[Any] | Callable[..., Any]") -> str:
    """Return the name of a service: a text as it is, a protocol by its class's name.

    `Geocoder` and `GeocoderProtocol` give `geocoder`, `RouteFinder` gives `route-finder`.
    """
    if isinstance(service, str):
        return service
    name = service.__name__
    return _WORD_BEGINS.sub("-", name.removesuffix("Protocol") or name).lower()
