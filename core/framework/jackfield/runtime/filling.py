"""A plugin's settings as a dataclass (U15, U25)."""

import dataclasses
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from jackfield.errors import UsageError

Model = TypeVar("Model")


def fill_dataclass(model: type[Model], declared: Collection[str], get: Callable[[str], Any], *, plugin: str) -> Model:
    """Return a dataclass whose fields have the settings of their names.

    Args:
        model: the dataclass.
        declared: the names of the settings that there are.
        get: returns the value of one.
        plugin: whose they are, for errors.

    Raises:
        UsageError: it is no dataclass, or a field has neither setting nor default.
    """
    if not dataclasses.is_dataclass(model):
        raise UsageError(f"{model!r} is no dataclass, so settings cannot fill it", plugin=plugin)
    names = [one.name for one in dataclasses.fields(model) if one.init and one.name in declared]
    values = {name: get(name) for name in names}
    try:
        return model(**values)
    except TypeError as error:
        told = f"{model.__name__} has a field that is no setting: {error}"
        raise UsageError(told, plugin=plugin) from error
