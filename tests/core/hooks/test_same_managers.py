"""What a manager takes for a hook, and what a copy of a manager shares, as with pluggy."""

from __future__ import annotations

import asyncio
import copy
import functools
import pickle
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pluggy
import pytest
from jackfield.hooks import HookManager

hookspec = pluggy.HookspecMarker("same")
hookimpl = pluggy.HookimplMarker("same")


class AllAnswer:
    @hookspec
    def visit(self, one: int, two: int = 2) -> object: ...


def odd_module() -> ModuleType:
    """A module with everything in it that is, holds or resembles a function, with a marker and without."""

    class Resembling:
        def __call__(self, one: int) -> str:
            return "no function"

        def __getattr__(self, name: str) -> object:
            return {"specname": "never"}

    class Holder:
        @hookimpl
        def method(self, one: int) -> str:
            return "bound"

        @classmethod
        @hookimpl
        def of_class(cls, one: int) -> str:
            return "of a class"

        def plain(self, one: int) -> str:
            return "not marked"

    def wrongly(one: int) -> str:
        return "marked with something else"

    wrongly.same_impl = "text"  # type: ignore[attr-defined]  # what a marker leaves is a dictionary
    module = ModuleType("odd")
    vars(module).update(
        visit=hookimpl(lambda one: "marked"),
        named=hookimpl(lambda one: "named", specname="otherwise"),
        wrongly=wrongly,
        plain=lambda one: one,
        bound=Holder().method,
        bound_plain=Holder().plain,
        of_class=Holder.of_class,
        static=staticmethod(hookimpl(lambda one: "static within")),
        wrapped=hookimpl(staticmethod(lambda one: "static")),
        held=vars(Holder)["of_class"],
        read=property(hookimpl(lambda one: "property")),
        builtin=len,
        partial=functools.partial(wrongly, one=1),
        resembling=Resembling(),
        cls=Resembling,
        other=functools,
        nothing=None,
        text="visit",
        __dir__=lambda: [*vars(module), "given", "absent"],
        __getattr__=lambda name: hookimpl(lambda one: "given") if name == "given" else None,
    )
    return module


def hooks_of(manager: pluggy.PluginManager, plugin: object) -> dict[str, Any]:
    manager.register(plugin)
    hooks = vars(manager.hook)
    return {name: [(each.opts, each.function(1)) for each in hooks[name].get_hookimpls()] for name in hooks}


@pytest.mark.parametrize("make", [odd_module, lambda: type("Class", (), dict(vars(odd_module())))])
def test_the_same_attributes_of_a_plugin_are_hooks(make: Callable[[], object]) -> None:
    plugin = make()
    expected = hooks_of(pluggy.PluginManager("same"), plugin)

    assert hooks_of(HookManager("same"), plugin) == expected
    assert {"visit", "otherwise", "bound"} <= set(expected)


class Visitor:
    """A plugin that copies can tell apart."""

    def __init__(self, number: int) -> None:
        self.number = number

    @hookimpl
    def visit(self, one: int) -> object:
        return self.number


@pytest.mark.parametrize("called", [False, True])
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_manager_can_be_copied_and_pickled_whether_or_not_it_was_called(
    copied: Callable[[HookManager], HookManager], called: bool
) -> None:
    manager = HookManager("same")
    manager.add_hookspecs(AllAnswer)
    manager.register(Visitor(1), "first")
    if called:
        assert manager.hook.visit(one=1, two=2) == [1]
        assert asyncio.run(manager.call.visit(one=1, two=2)) == [1]
    other = copied(manager)
    first = other.get_plugin("first")
    assert first is not None
    first.number = 2
    other.register(Visitor(3), "second")
    assert other.hook.visit(one=1, two=2) == [3, 2]
    assert asyncio.run(other.call.visit(one=1, two=2)) == [3, 2]
    if copied is not copy.copy:  # as with pluggy, a shallow copy shares the hooks
        assert manager.hook.visit(one=1, two=2) == [1]
