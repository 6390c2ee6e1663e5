"""The ASGI application, put together, and its server."""

from jackfield_chat.app.application import create_app
from jackfield_chat.app.lifetime import ChatServer
from jackfield_chat.app.server import ServeError, listen, serve

__all__ = ["ChatServer", "ServeError", "create_app", "listen", "serve"]
