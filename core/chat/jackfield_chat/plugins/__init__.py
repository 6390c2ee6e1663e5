"""The bridge between the chat and its plugins."""

from jackfield_chat.plugins.answers import Answer, AnswerLine
from jackfield_chat.plugins.bridge import Bridge

__all__ = ["Answer", "AnswerLine", "Bridge"]
