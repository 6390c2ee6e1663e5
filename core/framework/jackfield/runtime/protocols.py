"""Protocols of services and of a host's API: what methods they have, and values held to their annotations.

What comes from another process is plain data. Where an annotation says what it stands for it becomes that; a value that
nobody has annotated, or that is no data, stays what it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any, TypeAlias

import msgspec

from jackfield.rpc import can_cross, fitted

DEEPEST_API = 5

_EMPTY = inspect.Parameter.empty
_SIGNATURE = "_jackfield_signature"


def members_of(protocol: type[Any]) -> frozenset[str]:
    """Return the public methods of a protocol, inherited ones too."""
    return frozenset(
        name
        for kind in protocol.__mro__
        if kind is not object and kind.__module__ != "typing"
        for name, value in vars(kind).items()
        if not name.startswith("_") and callable(value)
    )


def lacking(target: object, protocol: type[Any]) -> list[str]:
    """Return the methods of a protocol that an object does not have."""
    return sorted(name for name in members_of(protocol) if not callable(getattr(target, name, None)))


def fit_arguments(
    function: Callable[..., Any], arguments: list[Any], keywords: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return plain arguments as a function's annotations say.

    Raises:
        TypeError: it cannot be called with these, or a value is not what its parameter is annotated with.
    """
    signature = _signature(function)
    if signature is None:
        return tuple(arguments), dict(keywords)
    bound = signature.bind(*arguments, **keywords)
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            bound.arguments[name] = tuple(_fitted(one, parameter.annotation, name) for one in value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            bound.arguments[name] = {key: _fitted(one, parameter.annotation, key) for key, one in value.items()}
        else:
            bound.arguments[name] = _fitted(value, parameter.annotation, name)
    return bound.args, bound.kwargs


def takes(function: Callable[..., Any], arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> bool:
    """Say whether a function can be called with as many arguments of these names; yes where it does not tell."""
    signature = _signature(function)
    try:
        if signature is not None:
            signature.bind(*arguments, **keywords)
    except TypeError:
        return False
    return True


def fit_answer(protocol: type[Any] | None, method: str, value: Any) -> Any:
    """Return a plain answer as a protocol's method is annotated; as it is where nothing says what it is.

    Raises:
        TypeError: it does not fit.
    """
    function = getattr(protocol, method, None)
    signature = _signature(function) if callable(function) else None
    return value if signature is None else _fitted(value, signature.return_annotation, f"the answer of {method}")


def _fitted(value: Any, annotation: Any, what: str) -> Any:
    if not _is_data(annotation):
        return value
    try:
        return fitted(value, annotation)
    except msgspec.ValidationError as error:
        raise TypeError(f"{what}: {error}") from None


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """Return what a function takes, with its annotations; None where it does not tell.

    It is read once, and kept with the function: anywhere else it would keep the plugin whose it is, with all its code,
    by the classes that it names.
    """
    is_method = isinstance(function, MethodType)
    own: object = function.__func__ if isinstance(function, MethodType) else function
    if not isinstance(own, FunctionType):
        return _read(function)
    known: tuple[object, bool, inspect.Signature | None] | None = vars(own).get(_SIGNATURE)
    if known is None or known[:2] != (own, is_method):  # what wraps another function has a copy of its attributes
        known = vars(own)[_SIGNATURE] = (own, is_method, _read(function))
    return known[2]


def _read(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function, eval_str=True)
    except (TypeError, ValueError, NameError, AttributeError):
        return None


def _is_data(annotation: Any) -> bool:
    if annotation in (_EMPTY, Any, object):
        return False
    one = inspect.Parameter("value", inspect.Parameter.KEYWORD_ONLY, annotation=annotation)
    return not can_cross(inspect.Signature([one], return_annotation=None))


#: The path of a method, and its signature without `self`.
ApiMethod: TypeAlias = tuple[tuple[str, ...], inspect.Signature]


def api_methods(protocol: type[Any]) -> Iterator[ApiMethod]:
    """Yield what can be called of a host's API from another process: methods, and properties that are data.

    A property that is a protocol itself is walked through. What cannot cross is left out: `CallCodec` says why.
    """
    yield from _walked(protocol, (), DEEPEST_API)


def _walked(protocol: type[Any], path: tuple[str, ...], deeper: int) -> Iterator[ApiMethod]:
    for name in dir(protocol) if deeper else ():
        if name.startswith("_"):
            continue
        member = inspect.getattr_static(protocol, name)
        getter = member.fget if isinstance(member, property) else None
        signature = _signature(getter if getter is not None else member) if callable(getter or member) else None
        if signature is None:
            continue
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        inner = signature.return_annotation
        if getter is not None and getattr(inner, "_is_protocol", False):
            yield from _walked(inner, (*path, name), deeper - 1)
        elif not can_cross(signature):
            yield (*path, name), signature
