"""The bridge between the chat and its plugins."""

from collections.abc import Mapping

from jackfield_chat_api import Message

from jackfield_chat.accounts import Accounts
from jackfield_chat.plugins.answers import Answer
from jackfield_chat.rooms import Board
from jackfield_chat.settings import Settings


class Bridge:
    """Everything that the chat asks of its plugins."""

    def __init__(self, settings: Settings, *, board: Board, accounts: Accounts) -> None:
        self._settings = settings
        self._board = board
        self._accounts = accounts
        self.state = "starting"

    async def start(self) -> None:
        """Begin to start."""

    async def ready(self) -> None:
        """Wait."""

    async def stop(self) -> None:
        """End."""

    async def filtered(self, message: Message) -> Message:
        """Pipelines."""
        return message

    async def boxes(self) -> list[dict[str, object]]:
        """Boxes."""
        return []

    def menu(self) -> list[dict[str, object]]:
        """Menu."""
        return []

    def has_command(self, text: str) -> bool:
        """Command."""
        return False

    def command_help(self) -> list[tuple[str, str]]:
        """Help."""
        return []

    async def command(self, text: str, room: str, user: str) -> None:
        """Run."""

    async def plugins_command(self, text: str, *, who: str, owner: bool) -> Answer:
        """Run."""
        return Answer.of("no")

    async def act(self, component: str, action: str, values: Mapping[str, object], user: str) -> None:
        """Act."""

    async def choose(self, item: str, user: str) -> None:
        """Choose."""

    async def member_joined(self, room: str, member: str) -> None:
        """Joined."""

    async def member_left(self, room: str, member: str) -> None:
        """Left."""
