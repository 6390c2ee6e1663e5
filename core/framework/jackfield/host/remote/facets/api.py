"""`context.api`, served to a plugin in another process: what the host's protocol has, and nothing else of the object.

An object leads to others: from any of them attributes lead to its class, its module, everything that is imported. So
names that come from a plugin are never looked up. With a protocol the names are the protocol's; without one a name has
to be a function or property that the object's own class defines.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jackfield.errors import UsageError
from jackfield.host.facets import PluginContext
from jackfield.host.remote.facets.holding import Holding
from jackfield.host.remote.facets.serving import methods_of
from jackfield.rpc import CallCodec, Served
from jackfield.runtime import Whole, api_methods, fit_arguments


def api_served(context: PluginContext, holding: Holding, api_type: type[Any] | None) -> Mapping[str, Served]:
    """Return the methods of a host's API by `api.<path>`; without a protocol, `api.call` alone.

    Args:
        context: the plugin's.
        holding: what it holds.
        api_type: the protocol that the host publishes.
    """
    if context.api is None:
        return {}
    if api_type is None:
        return methods_of("api", _UntypedApi(context.api, holding))
    protocol: Any = api_type  # a class is hashable, which mypy does not see of a class of any kind
    return {
        "api." + ".".join(path): Served(_reaching(context.api, path), codec) for path, codec in _codecs_of(protocol)
    }


@lru_cache(maxsize=16)
def _codecs_of(api_type: type[Any]) -> tuple[tuple[tuple[str, ...], CallCodec], ...]:
    """What can be called of a protocol, and what reads the arguments; made once for all plugins."""
    return tuple((path, CallCodec(signature)) for path, signature in api_methods(api_type))


def _reaching(api: object, path: tuple[str, ...]) -> Callable[..., Any]:
    async def call(**arguments: Any) -> Any:
        found: Any = api
        for name in path:
            found = getattr(found, name)
        if not callable(found):
            return found
        answer = found(**arguments)
        return await answer if inspect.isawaitable(answer) else answer

    call.__qualname__ = "api." + ".".join(path)
    return call


class _UntypedApi:
    def __init__(self, api: object, holding: Holding) -> None:
        self._api = api
        self._holding = holding

    async def call(
        self,
        path: list[str],
        arguments: list[Any] = [],  # noqa: B006 (only read)
        keywords: dict[str, Any] = {},  # noqa: B006 (only read)
    ) -> Whole:
        """Call a method of the host's API with plain data."""
        found: Any = self._api
        for index, name in enumerate(path):
            member = inspect.getattr_static(type(found), name, None)
            last = index == len(path) - 1
            fits = isinstance(member, property) or (last and inspect.isfunction(member))
            if name.startswith("_") or not fits:
                raise UsageError(f"the host's API has no method {'.'.join(path)[:80]}", plugin=self._holding.plugin)
            found = getattr(found, name)
        if not inspect.ismethod(found):
            return await self._holding.whole(found)
        values, named = fit_arguments(found, arguments, keywords)
        answer = found(*values, **named)
        return await self._holding.whole(await answer if inspect.isawaitable(answer) else answer)
