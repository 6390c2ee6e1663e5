"""Plugins for processes of their own that count, speak and say where they run; and the hooks that they implement."""

from __future__ import annotations

from jackfield.hooks import HookspecMarker

hookspec = HookspecMarker("chat")


class Specs:
    """Hooks of an application."""

    @hookspec
    async def counted(self, number: int) -> int: ...

    @hookspec(firstresult=True)
    async def first(self, number: int) -> int: ...

    @hookspec(pipeline="text")
    async def piped(self, text: str) -> str: ...

    @hookspec
    def plain(self, number: int) -> int: ...

    @hookspec
    def living(self, thing: object) -> None: ...


DECLARES = "[contributes]\ncommands = [{ name = 'where1' }, { name = 'where2' }]\n"

CODE = """
import os, sys
from jackfield import Plugin, command
from pluggy import HookimplMarker

hookimpl = HookimplMarker("chat")

class Main(Plugin):
    def on_load(self, previous):
        self.previous = previous

    def on_enable(self):
        self.enabled = True

    def on_unload(self):
        return {"pid": os.getpid()}

    @hookimpl
    def counted(self, number: int):
        return number + ADDED

    @hookimpl
    async def first(self, number: int):
        return number if number == ADDED else None

    @hookimpl
    def piped(self, text: str):
        return text + str(ADDED)

    @hookimpl
    def plain(self, number: int):
        return os.getpid() if number == 0 else number + ADDED

    @command(f"where{ADDED}")
    async def where(self, source, *words: str):
        await source.reply(f"{os.getpid()} {' '.join(words)}")
"""


def code(added: int, more: str = "") -> str:
    return f"ADDED = {added}\n" + CODE + more
