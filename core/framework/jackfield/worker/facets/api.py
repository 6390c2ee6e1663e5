"""`context.api` in a worker: made from the protocol that the host publishes, or calls of any name where it has none."""

from __future__ import annotations

import importlib
import inspect
from typing import Any, ClassVar

from jackfield.errors import UsageError
from jackfield.runtime import api_methods
from jackfield.worker.facets.asking import Asking


def make_api(asking: Asking, api_type: str) -> Any:
    """Return the stub of a host's API.

    Args:
        asking: leads to the host.
        api_type: its protocol, `module:name`, in a distribution that the host publishes; empty: it tells of none.
    """
    if not api_type:
        return UntypedApi(asking, ())
    module, _, name = api_type.partition(":")
    try:
        protocol: type[Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:  # an external plugin's environment may lack it
        raise UsageError(
            f"context.api is {name} of {module}, which cannot be imported here: {error}",
            hint="install what the host publishes for its plugins",
        ) from error
    tree: dict[str, Any] = {}
    for path, signature in api_methods(protocol):
        branch = tree
        for part in path[:-1]:
            branch = branch.setdefault(part, {})
        branch[path[-1]] = _Method(asking, "api." + ".".join(path), signature, _plain(protocol, path))
    return TypedApi(protocol.__name__, tree)


class TypedApi:
    """The API of the host, or a part of it.

    Args:
        shown: what it is called, for errors.
        tree: its methods and parts by name.
    """

    def __init__(self, shown: str, tree: dict[str, Any]) -> None:
        self._shown = shown
        self._tree = tree

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = self._tree.get(name)
        if found is None:
            raise AttributeError(f"Access to {name} is not allowed: {self._shown} has no such part that can cross")
        if isinstance(found, dict):
            return TypedApi(f"{self._shown}.{name}", found)
        return found.value() if found.is_value else found

    def __dir__(self) -> list[str]:
        return sorted(self._tree)


class _Method:
    """One method, called by the names of its protocol; or a property, which is a value."""

    def __init__(self, asking: Asking, method: str, signature: inspect.Signature, how: str) -> None:
        self._asking = asking
        self._method = method
        self._signature = signature
        self._how = how
        self.is_value = how == "value"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        told = dict(self._signature.bind(*arguments, **named).arguments)
        if self._how == "later":
            return self._asking.call(self._method, told, self._signature.return_annotation)
        return self._asking.now(self._method, told, self._signature.return_annotation)

    def value(self) -> Any:
        """The value of a property."""
        return self._asking.now(self._method, {}, self._signature.return_annotation)


def _plain(protocol: type[Any], path: tuple[str, ...]) -> str:
    """How a method is called: `later` is awaited, `now` is plain, `value` is a property."""
    member: Any = None
    for part in path:
        if isinstance(member, property):
            protocol = inspect.signature(member.fget, eval_str=True).return_annotation  # type: ignore[arg-type]  # it has one
        member = inspect.getattr_static(protocol, part)
    if isinstance(member, property):
        return "value"
    return "later" if inspect.iscoroutinefunction(member) else "now"


class UntypedApi:
    """An API of which nothing is published: each name is a method to be awaited, each value plain data.

    Args:
        asking: leads to the host.
        path: the names so far.
    """

    has_parts: ClassVar[bool] = True  # for `context.blocking`, to which a method would be the end of the way

    def __init__(self, asking: Asking, path: tuple[str, ...]) -> None:
        self._asking = asking
        self._path = path

    def __getattr__(self, name: str) -> UntypedApi:
        if name.startswith("_"):
            raise AttributeError(name)
        return UntypedApi(self._asking, (*self._path, name))

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the method of this name; to be awaited."""
        if not self._path:
            raise UsageError("context.api is no function: call a method of it")
        told = {"path": list(self._path), "arguments": list(arguments), "keywords": named}
        return self._asking.whole("api.call", told)
