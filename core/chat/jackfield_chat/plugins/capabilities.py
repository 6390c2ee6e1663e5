"""What one plugin finds at `context.api`: the chat, each call checked against the plugin's grant."""

from collections.abc import Callable

from jackfield.api import Check
from jackfield_chat_api import Member, Message, Room

from jackfield_chat.accounts import Account, Accounts
from jackfield_chat.rooms import Board

MOST_RECENT = 200
NameOf = Callable[[str], str]


class PluginMessages:
    """Reading and writing in rooms, for one plugin.

    Args:
        plugin: its id, stamped on what it writes (C17).
        check: asks whether it may.
        board: where messages are posted.
        name_of: what a plugin is called above what it writes, by its id.
    """

    def __init__(self, plugin: str, check: Check, board: Board, name_of: NameOf) -> None:
        self._plugin = plugin
        self._check = check
        self._board = board
        self._name_of = name_of

    async def send(self, room: Room | str, text: str) -> Message:
        """Write in a room as the plugin.

        Raises:
            PermissionDenied: messages:send was not granted.
            RoomError: there is no such room, or the text is empty or too long.
        """
        self._check("messages", "send")
        return self._board.post(Message(0, _name(room), self._name_of(self._plugin), text), plugin=self._plugin)

    async def recent(self, room: Room | str, limit: int = 50) -> list[Message]:
        """Return the last messages of a room, oldest first, at most 200.

        Raises:
            PermissionDenied: messages:read was not granted.
            RoomError: there is no such room.
        """
        self._check("messages", "read")
        found = self._board.rooms.get(_name(room))
        return self._board.rooms.recent(found.name, limit=max(0, min(limit, MOST_RECENT)))


class PluginRooms:
    """The rooms, for one plugin.

    Args:
        check: asks whether it may.
        board: knows the rooms.
    """

    def __init__(self, check: Check, board: Board) -> None:
        self._check = check
        self._board = board

    async def list(self) -> list[Room]:
        """Return every room, by name.

        Raises:
            PermissionDenied: rooms:read was not granted.
        """
        self._check("rooms", "read")
        return sorted(self._board.rooms.all(), key=lambda room: room.name)


class PluginMembers:
    """The people, for one plugin.

    Args:
        check: asks whether it may.
        board: knows who is where.
        accounts: knows everyone.
    """

    def __init__(self, check: Check, board: Board, accounts: Accounts) -> None:
        self._check = check
        self._board = board
        self._accounts = accounts

    async def list(self, room: Room | str | None = None) -> list[Member]:
        """Return who is in a room now, or everyone with an account; by name.

        Raises:
            PermissionDenied: members:read was not granted.
            RoomError: there is no such room.
        """
        self._check("members", "read")
        online = self._board.presence.online()
        everyone = {account.name: account for account in self._accounts.all()}
        if room is None:
            return [member(account, online=account.name in online) for account in everyone.values()]
        here = self._board.presence.members(self._board.rooms.get(_name(room)).name)
        return [member(everyone[name], online=True) for name in here if name in everyone]


class PluginChat:
    """`context.api` of one plugin; `jackfield_chat_api.ChatApi` is its contract (C15).

    Args:
        plugin: its id.
        check: asks whether it may.
        board: rooms, history and open pages.
        accounts: people.
        name_of: what a plugin is called above what it writes, by its id.
    """

    def __init__(self, plugin: str, check: Check, board: Board, accounts: Accounts, *, name_of: NameOf) -> None:
        self.messages = PluginMessages(plugin, check, board, name_of)
        self.rooms = PluginRooms(check, board)
        self.members = PluginMembers(check, board, accounts)


def member(account: Account, *, online: bool) -> Member:
    """Return an account as plugins see it."""
    return Member(account.name, account.role.label, online)


def _name(room: Room | str) -> str:
    return room.name if isinstance(room, Room) else room
