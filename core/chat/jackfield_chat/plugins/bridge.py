"""The bridge between the chat and its plugins: starts them, and hands them what happens in the rooms."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from jackfield.api import Check
from jackfield.errors import JackfieldError, PluginError, UsageError
from jackfield.permissions import hidden_character, shown_text
from jackfield_chat_api import ChatApi, Member, Message, Room

from jackfield_chat.accounts import Account, Accounts, Role
from jackfield_chat.plugins.advice import PROGRAM, worded
from jackfield_chat.plugins.answers import Answer
from jackfield_chat.plugins.arguments import arguments
from jackfield_chat.plugins.capabilities import PluginChat, member
from jackfield_chat.plugins.filtering import kept
from jackfield_chat.plugins.naming import name_of
from jackfield_chat.plugins.news import News, tell_owners
from jackfield_chat.plugins.operations import Operations
from jackfield_chat.plugins.permitting import add_permit_commands
from jackfield_chat.plugins.scripts import SCRIPT_HOOKS
from jackfield_chat.plugins.source import MemberSource, RoomSource
from jackfield_chat.plugins.unknown import unknown_command
from jackfield_chat.rooms import Board, Event
from jackfield_chat.settings import Settings

if TYPE_CHECKING:
    from jackfield.api import CommandSource
    from jackfield.application import Application
    from jackfield.host import HelpPage, PluginStatus
    from jackfield.management import Update

    from jackfield_chat.plugins.panel import Panel

APP = "chat"
COMMAND_PREFIX = "!"
logger = logging.getLogger("jackfield_chat")


class Bridge:
    """All that the chat asks of its plugins.

    They start in the background: the page answers meanwhile, and what needs them waits for them. If they cannot be
    started at all, the chat goes on without them and says why wherever they are asked for.

    Args:
        settings: where their data lies and which marketplaces are asked.
        board: where they post.
        accounts: the people that they may see.

    Attributes:
        state: "starting", "running" or "failed".
        application: the framework's side, once it was made.
    """

    def __init__(self, settings: Settings, *, board: Board, accounts: Accounts) -> None:
        self.state = "starting"
        self._settings = settings
        self._board = board
        self._accounts = accounts
        self._problem = ""
        self._started = asyncio.Event()
        self._starting: asyncio.Task[None] | None = None
        self.application: Application | None = None
        self._panel: Panel | None = None
        self._operations: Operations | None = None
        self._news = News()

    async def start(self) -> None:
        """Begin to start the plugins; returns at once."""
        self._starting = asyncio.create_task(self._start())

    async def _start(self) -> None:
        try:
            await self._start_application()
            self.state = "running"
        except JackfieldError as exc:
            self.state, self._problem = "failed", str(exc)
            logger.error("the plugins could not be started: %s", exc)  # noqa: TRY400 (a sentence for the operator)
        except Exception as exc:  # whatever it is, people can go on talking
            self.state, self._problem = "failed", f"{type(exc).__name__}: {exc}"
            logger.exception("the plugins could not be started")
        finally:
            self._started.set()

    async def _start_application(self) -> None:
        # Loaded here and not at the top: the sign-in page need not wait for the framework and its network library.
        from jackfield.application import Application
        from jackfield.host import add_own_commands
        from jackfield_chat_api import specs

        from jackfield_chat.plugins.panel import Panel

        application = Application(
            APP,
            specs=specs,
            api=self._api,
            home=self._settings.plugin_home,
            program=self.program,
            marketplaces=self._settings.marketplaces,
            updates_every_seconds=self._settings.updates_every_seconds,
            on_updates=self._tell_updates,
            command_prefix=COMMAND_PREFIX,
            script_folders=self._settings.scripts,
            script_hooks=SCRIPT_HOOKS,
            arguments=arguments(self._accounts, self._board),
            safe=self._settings.safe,
            external=self._settings.external,
            language_of=lambda user: self._accounts.languages.of(user) if user is not None else None,
        )
        application.host.commands.word(worded)
        add_own_commands(application.host.commands, show=_show_help)
        add_permit_commands(application.host.commands, self._accounts)
        self.application = application
        self._panel = Panel(application.host.ui, self._board.presence, self.name_of)
        self._operations = Operations(application, news=self._news, on_change=self._tell_plugins, name_of=self.name_of)
        application.host.plugins.on_change(self._hear_of)
        await application.start()

    @property
    def program(self) -> str:
        """What the owner types in a shell before a command's name to mean the plugins of this very chat."""
        return f"{PROGRAM} --data {quote(str(self._settings.data.absolute()))}"

    async def ready(self) -> None:
        """Wait until the plugins run, or could not be started."""
        await self._started.wait()

    async def stop(self) -> None:
        """Stop the plugins."""
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._panel is not None:
            self._panel.close()
        if self.application is not None:
            await self.application.stop()

    @property
    def safe_mode(self) -> str:
        """Why the chat runs without its plugins, as a sentence; empty where it runs with them."""
        safe = self.application.safe_mode if self.application is not None else None
        return f"Safe mode: the plugins are not started, since {safe.reason}." if safe is not None else ""

    def name_of(self, plugin: str) -> str:
        """Return what a plugin is called, by its id; the id is told where others are called so."""
        if self.application is None:
            return plugin
        return name_of(plugin, self.application.host.plugins, self._accounts)

    async def filtered(self, message: Message) -> Message:
        """Hand a member's message through `message_sent` and then `message_received` (S6 to S8).

        A plugin may change the text and add metadata; who wrote it, where and when stays as it is.
        """
        await self._started.wait()
        if self.application is None or self.state != "running":
            return message
        call = self.application.host.call
        sent = kept(await call.message_sent(message=message), message)
        changed = kept(await call.message_received(message=sent), sent)
        return replace(message, text=changed.text, metadata=changed.metadata)

    async def member_joined(self, room: str, name: str) -> None:
        """Tell the plugins that a member entered a room."""
        await self._tell_member("member_joined", room, name, online=True)

    async def member_left(self, room: str, name: str) -> None:
        """Tell the plugins that a member left a room."""
        await self._tell_member("member_left", room, name, online=False)

    async def _tell_member(self, hook: str, room: str, name: str, *, online: bool) -> None:
        await self._started.wait()
        account = self._accounts.find(name)
        if self.application is None or self.state != "running" or account is None:
            return
        where: Room = self._board.rooms.get(room)
        who: Member = member(account, online=online)
        await getattr(self.application.host.call, hook)(room=where, member=who)

    def has_command(self, text: str) -> bool:
        """Whether a line, without its `!`, begins with the command of a plugin."""
        return self.application is not None and self.application.host.commands.has(text)

    def unknown_command(self, word: str, account: Account) -> Answer:
        """Return what a member is told whose command, by its first word, nobody answers."""
        host = self.application.host if self.application is not None else None
        source = MemberSource(account, "", permits=self._accounts.permits)
        return unknown_command(host, word, source, name_of=self.name_of)

    def command_help(self, account: Account) -> list[tuple[str, str, str]]:
        """Return plugin (empty: the chat itself), usage and help of each command that a member may use."""
        if self.application is None:
            return []
        commands = self.application.host.commands.all(MemberSource(account, "", permits=self._accounts.permits))
        return [(command.plugin, command.usage, command.help) for command in commands]

    def answers_alone(self, text: str) -> bool:
        """Whether a line, without its `!`, is a command of the chat's own, which nobody else reads: `!help`."""
        return self.application is not None and self.application.host.commands.owner(text) == ""

    async def command(self, text: str, room: str, account: Account) -> Answer | None:
        """Run a command.

        Args:
            text: the line without its `!`.
            room: where it was given.
            account: who gave it.

        Returns:
            what only they see, for a command of the chat's own; None when line and answer stand in the room, the answer
            under the plugin's name (M43).

        Raises:
            UsageError: the line cannot be read, or they may not use it; the room sees nothing of it.
        """
        if self.application is None:
            return None
        commands = self.application.host.commands
        plugin = commands.owner(text)
        if not plugin:
            alone = MemberSource(account, room, permits=self._accounts.permits)
            return alone.answer if await commands.dispatch(text, alone) else None
        line = COMMAND_PREFIX + text
        source = RoomSource(
            account,
            room,
            permits=self._accounts.permits,
            line=line,
            plugin=plugin,
            name=self.name_of(plugin),
            board=self._board,
        )
        await commands.dispatch(text, source, on_run=source.begin)
        if source.mistake:
            raise UsageError(source.mistake)
        return None

    async def complete(self, text: str, cursor: int, room: str, account: Account) -> Event:
        """Return what can stand at a place of a command (`items`), and how what it can become is called (`usages`).

        Args:
            text: the line with its `!`.
            cursor: the place, in characters.
            room: where it is written.
            account: who writes.
        """
        skip = len(COMMAND_PREFIX)
        if self.application is None or not text.startswith(COMMAND_PREFIX) or cursor < skip:
            return {"items": [], "usages": []}
        source = MemberSource(account, room, permits=self._accounts.permits)
        commands, line, place = self.application.host.commands, text[skip:], cursor - skip
        items = [
            {"text": one.text, "start": one.start + skip, "end": one.end + skip, "help": shown_text(one.help)}
            for one in await commands.complete(line, place, source)
            if hidden_character(one.text) is None
        ]
        return {"items": items, "usages": [shown_text(one) for one in commands.usages(line, place, source)]}

    async def plugins_command(self, text: str, *, who: str, owner: bool) -> Answer:
        """Do what `/plugins …` asks for.

        Args:
            text: what follows `/plugins`.
            who: the member who gave it.
            owner: whether they may change plugins.

        Raises:
            JackfieldError: it cannot be done; the sentence says why.
        """
        from jackfield_chat.plugins.commands import run

        return await run(await self.operations(), text, who=who, owner=owner)

    async def operations(self) -> Operations:
        """Return what installs, enables, updates and rolls back plugins, once they run.

        Raises:
            PluginError: the plugins could not be started; the sentence says why.
        """
        await self._started.wait()
        if self._operations is None or self.state != "running":
            raise PluginError(f"The plugins could not be started: {self._problem}")
        return self._operations

    async def boxes(self) -> list[Event]:
        """Return the boxes of the sidebar."""
        return await self._panel.boxes() if self._panel is not None else []

    def menu(self) -> list[Event]:
        """Return the menu items."""
        return self._panel.menu() if self._panel is not None else []

    async def act(self, component: str, action: str, values: Mapping[str, object], user: str) -> None:
        """Tell a plugin that a button or form of its box was used.

        Raises:
            PluginError: there is no such box, it does not react, or the plugin failed.
        """
        if self._panel is None:
            raise PluginError(f"no plugin shows the component {component}")
        await self._panel.act(component, action, values, user)

    async def choose(self, item: str, user: str) -> None:
        """Tell a plugin that its menu item was chosen.

        Raises:
            PluginError: there is no such item, or the plugin failed.
        """
        if self._panel is None:
            raise PluginError(f"no plugin offers the menu item {item}")
        await self._panel.choose(item, user)

    def news(self, owner: str) -> Answer | None:
        """Return what an owner should be told of newer versions and revoked ones; once for the same ones."""
        if self.application is None:
            return None
        here = {one.id: one.version for one in self.application.host.plugins.list()}
        if self._operations is None:
            return self._news.note(owner, here)
        return self._news.note(owner, here, self._operations.as_said)

    def _hear_of(self, status: "PluginStatus") -> None:
        self._tell_plugins(news=self._news.hear_of(status))

    def _tell_updates(self, updates: "Sequence[Update]") -> None:
        self._news.hear(updates)
        self._tell_plugins(news=True)

    def _tell_plugins(self, *, news: bool = False) -> None:
        if news:
            owners = [one.name for one in self._accounts.all() if one.may(Role.OWNER)]
            tell_owners(owners, self._board.presence, self.news)
        self._board.presence.tell_everyone({"type": "plugins"})

    def _api(self, plugin: str, check: Check) -> ChatApi:
        return PluginChat(plugin, check, self._board, self._accounts, name_of=self.name_of)


async def _show_help(source: "CommandSource", page: "HelpPage") -> None:
    if isinstance(source, MemberSource):
        source.show(page)
    else:
        await source.reply(str(page))
