"""Who gave a command, for the plugin that answers it."""

from jackfield_chat_api import Message

from jackfield_chat.rooms import LONGEST_MESSAGE, Board


class RoomSource:
    """A member who gave a command in a room; the answer is for the whole room, under the plugin's name.

    No permission is asked for an answer: whoever gave the command asked for it.

    Args:
        user: the member's name.
        room: the room's name.
        plugin: the id of the plugin that answers.
        name: what that plugin is called.
        board: where the answer is posted.
    """

    def __init__(self, user: str, room: str, *, plugin: str, name: str, board: Board) -> None:
        self.user = user
        self.room: str | None = room
        self._where = room
        self._plugin = plugin
        self._name = name
        self._board = board

    async def reply(self, text: str) -> None:
        """Post the answer; one that is longer than a message may be is cut, with an ellipsis.

        Raises:
            RoomError: the text is empty.
        """
        if len(text) > LONGEST_MESSAGE:
            text = text[: LONGEST_MESSAGE - 1] + "…"
        self._board.post(Message(0, self._where, self._name, text), plugin=self._plugin)
