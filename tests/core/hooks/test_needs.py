"""Hooks that need a permission: who lacks it is left out, and a change counts from the next call on."""

from __future__ import annotations

from typing import Any

import pytest
from jackfield.errors import UsageError
from jackfield.hooks import HookimplMarker, HookManager, HookspecMarker

hookspec, hookimpl = HookspecMarker("room"), HookimplMarker("room")


class Specs:
    @hookspec(pipeline="text", needs="messages:read")
    async def changed(self, text: str) -> str | None:
        """Change a text."""

    @hookspec(needs="messages:read")
    def told(self, text: str) -> str | None:
        """Answer a text."""

    @hookspec
    def free(self, text: str) -> str | None:
        """Answer a text; nothing is needed."""

    @hookspec(historic=True, needs="messages:read")
    def began(self, text: str) -> None:
        """Hear of a beginning."""


class Listener:
    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.began_with: list[str] = []

    @hookimpl
    async def changed(self, text: str) -> str:
        return text + self.mark

    @hookimpl
    def told(self, text: str) -> str:
        return text + self.mark

    @hookimpl
    def free(self, text: str) -> str:
        return text + self.mark

    @hookimpl
    def began(self, text: str) -> None:
        self.began_with.append(text)


class Room:
    """A manager whose grants can be changed."""

    def __init__(self, *granted: str) -> None:
        self.granted = set(granted)
        self.asked: list[tuple[str, str, str]] = []
        self.manager = HookManager("room", may=self.may)
        self.manager.add_hookspecs(Specs)
        self.listeners = {name: Listener(name) for name in ("a", "b")}
        for name, listener in self.listeners.items():
            self.manager.register(listener, name=name)

    def may(self, plugin: str, resource: str, action: str) -> bool:
        self.asked.append((plugin, resource, action))
        return plugin in self.granted


@pytest.fixture
def room() -> Room:
    return Room("a")


async def test_an_implementation_without_the_permission_is_not_called(room: Room) -> None:
    assert room.manager.hook.told(text=".") == [".a"]
    assert await room.manager.call.told(text=".") == [".a"]
    assert await room.manager.call.changed(text=".") == ".a"
    assert sorted(room.manager.hook.free(text=".")) == [".a", ".b"]


async def test_a_grant_and_a_revocation_count_from_the_next_call_on(room: Room) -> None:
    assert await room.manager.call.changed(text=".") == ".a"
    room.granted = {"b"}
    room.manager.grants_changed()
    assert await room.manager.call.changed(text=".") == ".b"
    assert room.manager.hook.told(text=".") == [".b"]


def test_nobody_is_asked_at_each_call(room: Room) -> None:
    room.manager.hook.told(text=".")
    asked = len(room.asked)
    room.manager.hook.told(text=".")
    assert len(room.asked) == asked


def test_watched_calls_extra_ones_subsets_and_replays_leave_it_out_too(room: Room) -> None:
    def extra(text: str) -> str:
        return text + "x"

    room.granted.add("<temp>")
    assert room.manager.hook.told.call_extra([extra], {"text": "."}) == [".x", ".a"]
    subset = room.manager.subset_hook_caller("told", [])
    assert subset(text=".") == [".a"]
    undo = room.manager.add_hookcall_monitoring(lambda *_: None, lambda *_: None)
    assert room.manager.hook.told(text=".") == [".a"]
    undo()
    room.manager.hook.began.call_historic(kwargs={"text": "now"})
    first, locked_out, late = room.listeners["a"], room.listeners["b"], Listener("late")
    room.manager.register(late, name="late")
    assert (first.began_with, locked_out.began_with, late.began_with) == (["now"], [], [])


def test_what_a_plugin_is_not_called_for_can_be_told(room: Room) -> None:
    assert room.manager.uncalled("a") == ()
    assert room.manager.uncalled("b") == tuple((hook, "messages:read") for hook in ("began", "changed", "told"))
    assert room.manager.uncalled("nobody") == ()


async def test_a_manager_that_knows_no_grants_calls_everyone() -> None:
    manager = HookManager("room")
    manager.add_hookspecs(Specs)
    manager.register(Listener("a"))
    assert manager.hook.told(text=".") == [".a"]
    assert await manager.call.changed(text=".") == ".a"


@pytest.mark.parametrize("needs", ["messages", "messages:", ":read", "a:b:c", 3, ""])
def test_needs_that_name_no_permission_are_refused_with_the_hook(needs: Any) -> None:
    class Wrong:
        @hookspec(needs=needs)
        def told(self, text: str) -> None: ...

    with pytest.raises(UsageError, match="hook told: needs is a permission"):
        HookManager("room").add_hookspecs(Wrong)
