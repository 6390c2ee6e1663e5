"""The ASGI application, put together."""

from jackfield_marketplace.app.application import create_app, open_database
from jackfield_marketplace.app.front import Front
from jackfield_marketplace.app.protocol import IndexProtocol
from jackfield_marketplace.app.seed import SEED_USER, seed
from jackfield_marketplace.app.server import serve

__all__ = ["SEED_USER", "Front", "IndexProtocol", "create_app", "open_database", "seed", "serve"]
