"""Where the chat keeps its data and how it is served."""

from jackfield_chat.settings.serving import Settings

__all__ = ["Settings"]
