"""Running a line: whoever gave it always gets an answer, and nothing is raised for what a plugin did (M43)."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from jackfield.api import CommandSource
from jackfield.errors import (
    JackfieldError,
    RemoteError,
    UsageError,
    WrongArgument,
    in_short,
    kind_and_text,
    text_of,
)
from jackfield.host.commands.nodes import Command
from jackfield.host.commands.parsing import Mistake, Parsed, marked, parse
from jackfield.host.commands.reading import FromHost
from jackfield.host.commands.roots import Roots
from jackfield.rpc import in_one_line

#: Runs a handler for a plugin, bounded, with failures counted: (plugin, what, handler, *arguments).
Run = Callable[..., Awaitable[Any]]

#: Says a sentence of the framework's in the words of the application, which has its commands under other names.
Wording = Callable[[str], str]

_MOST_USAGES = 4


class Dispatcher:
    """Reads a line, runs what it calls, and tells what came of it where the command itself does not.

    Args:
        roots: the tree.
        run: calls a handler on behalf of a plugin; what it raises was counted already.
        prefix: what people write before a command.

    Attributes:
        wording: of what the framework itself says; what a plugin answers, or says in its errors, stays as it is.
    """

    def __init__(self, roots: Roots, run: Run, prefix: str) -> None:
        self.wording: Wording = str
        self._roots = roots
        self._run = run
        self._prefix = prefix

    async def dispatch(self, text: str, source: CommandSource, on_run: Callable[[], None]) -> bool:
        """Run the command that `text` names, after `on_run`; False when nobody has its root."""
        text = text.strip()
        if self._roots.owner(text) is None:
            return False
        with suppress(_Answered):
            root = text.split(maxsplit=1)[0]
            await self._made_real(root, source)
            found = parse(self._roots.tree.literals[root], text, len(root), source)
            if isinstance(found, Mistake):
                await self._tell(found, text, source)
            else:
                await self._invoke(found.command, lambda: self._called(found, text, source, on_run), source)
        return True

    async def _called(self, found: Parsed, text: str, source: CommandSource, on_run: Callable[[], None]) -> None:
        try:
            await self._call(found.command, found.values, source, on_run)
        except WrongArgument as error:  # of a type that only its plugin's process can read
            mistake = found.mistake(error.argument, in_short(in_one_line(str(error))))
            if mistake is None:
                raise
            await self._tell(mistake, text, source)

    async def _made_real(self, root: str, source: CommandSource) -> None:
        load = self._roots.waiting(root)
        if load is None:
            return
        plugin = self._roots.owner(root)
        if not self._roots.tree.literals[root].open_to(source):
            return  # it will be refused: nobody has a plugin loaded whose command they may not use
        try:
            await load()
        except Exception as error:  # whatever the plugin's start does ends here
            told = self._told(error) if isinstance(error, JackfieldError) else _failure(error)
            await source.reply(f"{plugin} could not be started: {told}")
            raise _Answered from error
        if not self._roots.is_real(root):
            await source.reply(f"{self._prefix}{root} cannot be used now: {plugin} did not start, or does not have it")
            raise _Answered

    async def _call(
        self, command: Command, values: dict[str, Any], source: CommandSource, on_run: Callable[[], None]
    ) -> None:
        for parameter in command.parameters:
            permission = parameter.kind.source.permission if isinstance(parameter.kind, FromHost) else ""
            if permission and command.check is not None and parameter.name in values:
                resource, _, action = permission.partition(":")
                command.check(resource, action)
        on_run()
        if command.by_name:
            await self._run(command.plugin, f"command {command.name}", partial(command.handler, **values), source)
        else:
            arguments = command.arguments(values)
            await self._run(command.plugin, f"command {command.name}", command.handler, source, *arguments)

    async def _invoke(self, command: Command, call: Callable[[], Awaitable[None]], source: CommandSource) -> None:
        try:
            await call()
        except UsageError as error:
            await source.reply(f"{self._told(error)}\nusage: {self._prefix}{command.usage}")
        except Exception as error:  # noqa: BLE001  # a plugin's failure of any kind ends at its command
            if isinstance(error, JackfieldError) and not isinstance(error, RemoteError):
                told = self._told(error)  # of a plugin that is called like its command it names that already
                named = told.startswith((f"{command.name} ", f"{command.name}: "))
                await source.reply(told if named else f"{command.name}: {told}")
            else:
                await source.reply(f"{command.name} failed: {_failure(error)}")

    def _told(self, error: JackfieldError) -> str:
        if not isinstance(error, UsageError):
            return self.wording(text_of(error))
        # its message is a plugin's own as a rule: so a command says what it was given wrongly
        return f"{error.message} ({self.wording(str(error.hint))})" if error.hint else str(error.message)

    async def _tell(self, mistake: Mistake, text: str, source: CommandSource) -> None:
        if mistake.failed is not None:
            command, error = mistake.failed
            await self._invoke(command, lambda: self._run(command.plugin, "an argument", _raise, error), source)
            return
        if mistake.refused:
            await source.reply(f"{self._prefix}{text[: mistake.start].strip()} {mistake.message}")
            return
        usages = [self._prefix + one.usage for one in dict.fromkeys(mistake.node.commands())
                  if one.requirement.met_by(source)]  # fmt: skip
        more = " …" if len(usages) > _MOST_USAGES else ""
        shown = marked(text, mistake, prefix=self._prefix)
        await source.reply(f"{mistake.message}: {shown}\nusage: {'; '.join(usages[:_MOST_USAGES])}{more}")


def _failure(error: Exception) -> str:
    return ": ".join(filter(None, kind_and_text(error)))


def _raise(error: Exception) -> None:
    raise error


class _Answered(Exception):
    """Ends a dispatch whose source has its answer."""
