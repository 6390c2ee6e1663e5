"""What a parameter's annotation says of a command's argument (U13, U26).

Read the same for a plugin in this process and for one in a process of its own, whose signatures cross as data.
"""

import typing
from collections.abc import Callable, Container
from datetime import timedelta
from enum import Enum
from inspect import Parameter
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, Literal, Union, cast

from jackfield.api import ArgumentType, Choice, Duration, Float, Integer, YesNo

_PLAIN: dict[object, ArgumentType] = {int: Integer(), float: Float(), bool: YesNo(), timedelta: Duration()}
_BY_NAME: dict[str, object] = {"int": int, "float": float, "bool": bool, "str": str}


def read_annotation(annotation: Any, things: Container[object] = ()) -> Any:
    """Return what is written for an argument of an annotation.

    Args:
        annotation: resolved, or a type of `jackfield.api` by itself.
        things: types that are left as they are, whatever else they may be: the host's own things.

    Returns:
        An `ArgumentType`; `str` for any text; else the annotation itself, which the host knows or nobody does.
    """
    if typing.get_origin(annotation) is Annotated:
        for one in annotation.__metadata__:
            if isinstance(one, ArgumentType) or (isinstance(one, type) and issubclass(one, ArgumentType)):
                return read_annotation(one, things)
        annotation = annotation.__origin__
    if typing.get_origin(annotation) in (Union, UnionType):
        inner = [one for one in typing.get_args(annotation) if one is not NoneType]
        if len(inner) == 1:
            return read_annotation(inner[0], things)
    if isinstance(annotation, ArgumentType):
        return annotation
    if annotation in (str, Any, object, Parameter.empty):
        return str
    if typing.get_origin(annotation) is Literal:
        values = typing.get_args(annotation)
        return Choice(tuple(str(one) for one in values), values)
    if not isinstance(annotation, type) or annotation in things:
        return annotation
    return _of_type(annotation)


def _of_type(annotation: type) -> Any:
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if issubclass(annotation, Enum) and len(annotation):
        words = (one.value if isinstance(one.value, str) else one.name.lower() for one in annotation)
        return Choice(tuple(words), tuple(annotation))
    if issubclass(annotation, ArgumentType):
        make: Any = annotation
        try:
            return cast("ArgumentType", make())
        except TypeError:  # a choice without words, a type of its own without its function
            return annotation
    return annotation


def evaluated(annotation: Any, handler: Callable[..., Any]) -> Any:
    """Return a handler's annotation as an object; what cannot be found while the plugin runs stays a text."""
    if not isinstance(annotation, str):
        return annotation
    function: Any = handler
    while inner := getattr(function, "func", None) or getattr(function, "__wrapped__", None):
        function = inner  # a module's function has its context bound
    names = getattr(getattr(function, "__func__", function), "__globals__", {})
    try:
        holder = SimpleNamespace(__annotations__={"it": annotation})
        return typing.get_type_hints(holder, globalns=names, localns={}, include_extras=True)["it"]
    except Exception:  # noqa: BLE001  # whatever a plugin wrote there: the sentence shows it
        return _BY_NAME.get(annotation, annotation)
