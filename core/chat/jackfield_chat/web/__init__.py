"""The web page: sign-in, rooms, plugins, live messages."""

from jackfield_chat.web.routes import handlers, middleware, routes
from jackfield_chat.web.state import Chat

__all__ = ["Chat", "handlers", "middleware", "routes"]
