"""The hooks that a plugin of the chat can implement.

An implementation may be `def` or `async def`. What one raises is logged and counted against its plugin; the message or
the member goes on as if it had returned None. Each hook names the permission that it needs: what a plugin hears through
a hook it could also ask for, so it takes the same yes. Without it the implementation is not called, and the plugin's
status says so.
"""

from jackfield_chat_api.markers import hookspec
from jackfield_chat_api.messages import Member, Message, Room


@hookspec(pipeline="message", needs="messages:read")
async def message_sent(message: Message) -> Message | None:
    """Change what a member sends, before anyone sees it (S6, S8); needs messages:read.

    Each implementation receives what the one before returned; None leaves the message as it is (S9). The result is
    what the room's history keeps. Called for members' messages only: not for commands, not for what plugins write.

    Args:
        message: what the member sent; its `id` is still 0.
    """


@hookspec(pipeline="message", needs="messages:read")
async def message_received(message: Message) -> Message | None:
    """See, and perhaps change, what has arrived in a room, before it is shown (S7, S8, C16); needs messages:read.

    Called once for each member's message, after every `message_sent`. What plugins write does not come here, so that
    two plugins that answer each other's words cannot talk for ever.

    Args:
        message: what arrived; its `id` is still 0.
    """


@hookspec(needs="members:read")
async def member_joined(room: Room, member: Member) -> None:
    """Learn that a member entered a room: the first page or client of theirs opened it; needs members:read.

    Args:
        room: where.
        member: who.
    """


@hookspec(needs="members:read")
async def member_left(room: Room, member: Member) -> None:
    """Learn that a member left a room: the last page or client of theirs closed it; needs members:read.

    Args:
        room: where.
        member: who.
    """
