"""From objects with annotated methods to what a link serves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from jackfield.rpc import CallCodec, Served


def methods_of(facet: str, target: object) -> Mapping[str, Served]:
    """Return the public methods of an object as `<facet>.<method>`, each reading its arguments by its annotations.

    Only what its class defines is served, under the names that stand there: nothing is looked up for who calls.
    """
    found: dict[str, Served] = {}
    for name, function in vars(type(target)).items():
        if not name.startswith("_") and inspect.isfunction(function):
            found[f"{facet}.{name}"] = Served(getattr(target, name), codec_of(function))
    return found


@lru_cache(maxsize=256)
def codec_of(method: Callable[..., Any]) -> CallCodec:
    """Return what reads a method's arguments, without `self`; the same for the plugins of every host."""
    signature = inspect.signature(method, eval_str=True)
    return CallCodec(signature.replace(parameters=list(signature.parameters.values())[1:]))
