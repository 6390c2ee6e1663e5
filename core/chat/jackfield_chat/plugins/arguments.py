"""How members and rooms are named in commands: `@ada` or `ada`, `#lobby` or `lobby`."""

from collections.abc import Iterable, Mapping

from jackfield.api import ArgumentSource, CommandSource, Level
from jackfield_chat_api import Member, Room

from jackfield_chat.accounts import Accounts
from jackfield_chat.plugins.capabilities import member
from jackfield_chat.rooms import Board, RoomError

MOST_OFFERED = 20


class MemberArgument:
    """An account, by its name, whatever its case.

    Those who are here now are offered to everyone, who sees them at the side anyway; all accounts to helpers and above.

    Args:
        accounts: everyone.
        board: knows who is here.
    """

    label = "a member of this chat"
    permission = "members:read"

    def __init__(self, accounts: Accounts, board: Board) -> None:
        self._accounts = accounts
        self._board = board

    def resolve(self, text: str, source: CommandSource) -> Member:
        """Return the member of that name.

        Raises:
            ValueError: there is none.
        """
        name = text.removeprefix("@")
        account = self._accounts.find(name) if name.isprintable() else None
        if account is None:
            raise ValueError(f"there is no member {name}")
        return member(account, online=account.name in self._board.presence.online())

    def complete(self, prefix: str, source: CommandSource) -> Iterable[str]:
        """Return names that begin so, those who are here first."""
        mark, name = ("@", prefix[1:]) if prefix.startswith("@") else ("", prefix)
        names = sorted(self._board.presence.online(), key=str.casefold)
        if source.level >= Level.HELPER and name.isprintable():
            names += [one.name for one in self._accounts.beginning(name, limit=MOST_OFFERED)]
        found = dict.fromkeys(one for one in names if one.casefold().startswith(name.casefold()))
        return [mark + one for one in found][:MOST_OFFERED]


class RoomArgument:
    """A room, by its name.

    Args:
        board: knows the rooms.
    """

    label = "a room of this chat"
    permission = "rooms:read"

    def __init__(self, board: Board) -> None:
        self._board = board

    def resolve(self, text: str, source: CommandSource) -> Room:
        """Return the room of that name.

        Raises:
            ValueError: there is none.
        """
        try:
            return self._board.rooms.get(text.removeprefix("#"))
        except RoomError as exc:
            raise ValueError(exc.message) from exc

    def complete(self, prefix: str, source: CommandSource) -> Iterable[str]:
        """Return the rooms that begin so."""
        mark, name = ("#", prefix[1:]) if prefix.startswith("#") else ("", prefix)
        return [mark + room.name for room in self._board.rooms.all() if room.name.startswith(name)][:MOST_OFFERED]


def arguments(accounts: Accounts, board: Board) -> Mapping[type, ArgumentSource]:
    """Return what plugins may write as annotations of their commands: `Member` and `Room`."""
    return {Member: MemberArgument(accounts, board), Room: RoomArgument(board)}
