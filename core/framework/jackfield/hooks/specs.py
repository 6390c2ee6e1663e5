"""What a hook specification promises beyond pluggy: sync or async, pipeline, time and errors."""

import inspect
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias, get_type_hints

OnError: TypeAlias = Literal["skip", "raise"]
"""What a call does when an implementation fails: go on without it, or raise. The plugin is blamed either way."""

May: TypeAlias = Callable[[str, str, str], bool]
"""Asked with a plugin's registered name, a resource and an action: whether the plugin was granted it."""

ON_ERROR: tuple[OnError, ...] = ("skip", "raise")


class SpecOptions:  # every start makes this class; a dataclass or a named tuple takes four times as long to make
    """How the implementations of one hook are called.

    Attributes:
        firstresult: stop at the first answer that is not None.
        pipeline: the argument handed from one implementation to the next, or None.
        timeout_seconds: what one implementation may take, or None.
        on_error: "skip", "raise", or None to leave it to the manager.
        needs: the permission, `resource:action`, that a plugin must have to be called; None: none.
        asynchronous: the spec is `async def`.
        marked_by_jackfield: the spec carries our marker, so it means what jackfield says of sync and async.
        handed: the class that the pipeline's argument is annotated with: an answer of another one is a failure of the
            implementation that gave it. None where the annotation is none, or says more than a class can tell.
    """

    __slots__ = (
        "asynchronous",
        "firstresult",
        "handed",
        "marked_by_jackfield",
        "needs",
        "on_error",
        "pipeline",
        "timeout_seconds",
    )

    def __init__(
        self,
        *,
        firstresult: bool = False,
        pipeline: str | None = None,
        timeout_seconds: float | None = None,
        on_error: OnError | None = None,
        needs: str | None = None,
        asynchronous: bool = False,
        marked_by_jackfield: bool = False,
        handed: type | None = None,
    ) -> None:
        self.firstresult = firstresult
        self.pipeline = pipeline
        self.timeout_seconds = timeout_seconds
        self.on_error = on_error
        self.needs = needs
        self.asynchronous = asynchronous
        self.marked_by_jackfield = marked_by_jackfield
        self.handed = handed

    @classmethod
    def read(cls, name: str, function: object, options: Mapping[str, Any]) -> "SpecOptions":
        """Read the options that a marker left on a spec.

        Raises:
            UsageError: the options contradict each other or the spec; the message names the hook and the option.
        """
        found = cls(
            firstresult=bool(options.get("firstresult")),
            pipeline=options.get("pipeline"),
            timeout_seconds=options.get("timeout"),
            on_error=options.get("on_error"),
            needs=options.get("needs"),
            asynchronous=is_asynchronous(function),
            marked_by_jackfield="on_error" in options,
            handed=_class_of(function, options.get("pipeline")),
        )
        problem = found._problem(function, historic=bool(options.get("historic")))
        if problem is not None:
            from jackfield.errors import UsageError

            raise UsageError(f"hook {name}: {problem}")
        return found

    def misfit(self, implementation: object) -> str | None:
        """Say why a function cannot implement a hook of these options; None: it can."""
        if inspect.isasyncgenfunction(implementation):
            return "it is an async generator; return a list, or write the wrapper as a plain generator"
        if is_asynchronous(implementation) and not self.asynchronous:
            return "it is async def, and the spec is def: the hook's answers are used without awaiting them"
        return None

    def _problem(self, function: object, *, historic: bool) -> str | None:
        if self.on_error not in (None, *ON_ERROR):
            return f'on_error is "skip" or "raise", not {self.on_error!r}'
        if self.timeout_seconds is not None and not _is_duration(self.timeout_seconds):
            return f"timeout is a number of seconds above 0, not {self.timeout_seconds!r}"
        if self.needs is not None and not _is_permission(self.needs):
            return f'needs is a permission, written "resource:action", not {self.needs!r}'
        if historic and self.asynchronous:
            return "a historic hook replays its calls while plugins register, so its spec is a plain def"
        if self.pipeline is None:
            return None
        if self.firstresult or historic:
            return "a pipeline hands every implementation's answer on, so it is neither firstresult nor historic"
        parameters = _arguments(function)
        if self.pipeline not in parameters:
            return f'pipeline="{self.pipeline}" is not an argument of the spec; it has: {", ".join(parameters)}'
        return None


NO_OPTIONS = SpecOptions()
"""Of a hook without a spec."""


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_permission(value: object) -> bool:
    return isinstance(value, str) and len(value.split(":")) == 2 and all(part.strip() for part in value.split(":"))


def _class_of(function: object, argument: str | None) -> type | None:
    """Return the class that an argument is annotated with, if any answer can be held against it."""
    function = getattr(function, "__func__", function)
    annotations = getattr(function, "__annotations__", {})
    if argument is None or argument not in annotations:
        return None
    only = SimpleNamespace(__annotations__={argument: annotations[argument]})
    try:
        found = get_type_hints(only, globalns=getattr(function, "__globals__", None))[argument]
    except Exception:  # noqa: BLE001 (a name that is imported for type checkers only, or anything a string may hold)
        return None
    # `float` takes an int too (PEP 484), a protocol and `Any` take what isinstance would refuse.
    told = isinstance(found, type) and found not in (Any, float, complex) and not getattr(found, "_is_protocol", False)
    return found if told else None


def _arguments(function: object) -> list[str]:
    """Return the names that pluggy hands values to: no keyword-only ones, and not the instance."""
    if not callable(function):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.kind in positional and each.name not in ("self", "cls")]


def is_asynchronous(function: object) -> bool:
    """Say whether calling `function` gives something to await: `async def`, also under a partial or a bound method."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return True
    return not inspect.isroutine(function) and inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 (what it is called by is asked for, not whether)
