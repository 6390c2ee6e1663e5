"""Who gave a command, for the plugin that answers it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from jackfield.api import Level
from jackfield.permissions import shown_text
from jackfield_chat_api import Message

from jackfield_chat.accounts import Account, Permits, Role
from jackfield_chat.plugins.answers import Answer, AnswerLine
from jackfield_chat.rooms import LONGEST_MESSAGE, Board

if TYPE_CHECKING:
    from jackfield.host import HelpPage

#: From which role on a member may do what a command of a plugin `needs`; what does not stand here only the owner may.
RIGHTS: Mapping[str, Role] = MappingProxyType(
    {
        "messages:read": Role.GUEST,
        "rooms:read": Role.GUEST,
        "members:read": Role.GUEST,
        "messages:send": Role.USER,
        "rooms:create": Role.USER,
    }
)


class MemberSource:
    """A member who gives a command, or is about to: for completions and answers that only they see.

    Args:
        account: the member.
        room: the room's name.
        permits: what owners permit beyond roles.

    Attributes:
        answer: what was answered last.
    """

    def __init__(self, account: Account, room: str, *, permits: Permits) -> None:
        self.user = account.name
        self.room: str | None = room
        self.level = Level(account.role)
        self._account = account
        self._permits = permits
        self.answer = Answer("")

    def may(self, permission: str) -> bool:
        """Say whether the member's role is high enough for `resource:action`, or an owner permitted it."""
        return self._account.may(RIGHTS.get(permission, Role.OWNER)) or self._permits.allows(self._account, permission)

    async def reply(self, text: str) -> None:
        """Keep the answer for the member alone; its first line becomes the title."""
        title, *lines = shown_text(text, lines=True).splitlines() or [""]
        self.answer = Answer.of(title, *lines)

    def show(self, page: "HelpPage") -> None:
        """Keep a page of help for the member alone, with a way to the next one."""
        lines = tuple(AnswerLine(str(line)) for line in page.lines)
        self.answer = Answer(page.title, lines, following=page.following)


class RoomSource(MemberSource):
    """A member who gave a command in a room; the answer is for the whole room, under the plugin's name.

    No permission is asked for an answer: whoever gave the command asked for it. What is answered before the command
    runs is about a mistake in the line, and for the member alone: the room sees neither.

    Args:
        account: the member.
        room: the room's name.
        permits: what owners permit beyond roles.
        line: what they wrote, for the room to see once it runs.
        plugin: the id of the plugin that answers.
        name: what that plugin is called.
        board: where line and answer are posted.

    Attributes:
        mistake: what is wrong with the line; empty: nothing.
    """

    def __init__(
        self, account: Account, room: str, *, permits: Permits, line: str, plugin: str, name: str, board: Board
    ) -> None:
        super().__init__(account, room, permits=permits)
        self.mistake = ""
        self._line = line
        self._runs = False
        self._where = room
        self._plugin = plugin
        self._name = name
        self._board = board

    def begin(self) -> None:
        """Show the line in the room: its command runs now."""
        self._runs = True
        self._board.post(Message(0, self._where, self.user, self._line))

    async def reply(self, text: str) -> None:
        """Post the answer; one that is longer than a message may be is cut, with an ellipsis.

        Raises:
            RoomError: the text is empty.
        """
        text = shown_text(text, lines=True)
        if not self._runs:
            self.mistake = text
            return
        if len(text) > LONGEST_MESSAGE:
            text = text[: LONGEST_MESSAGE - 1] + "…"
        self._board.post(Message(0, self._where, self._name, text), plugin=self._plugin)
