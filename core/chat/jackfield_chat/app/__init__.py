"""The ASGI application, put together, and its server."""

from jackfield_chat.app.application import create_app
from jackfield_chat.app.server import ServeError, serve

__all__ = ["ServeError", "create_app", "serve"]
