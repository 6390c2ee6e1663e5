"""What a plugin of the chat imports: the hooks, their markers, the types and the type of `context.api`.

Needs only `jackfield`. The file `host.toml` beside this one names the chat's resources and the sentences in which
people are asked for them.
"""

from jackfield_chat_api.capabilities import ChatApi, Members, Messages, Rooms
from jackfield_chat_api.markers import PROJECT, hookimpl, hookspec
from jackfield_chat_api.messages import Member, Message, Room

__version__ = "1.0.0"

__all__ = [
    "PROJECT",
    "ChatApi",
    "Member",
    "Members",
    "Message",
    "Messages",
    "Room",
    "Rooms",
    "__version__",
    "hookimpl",
    "hookspec",
]
