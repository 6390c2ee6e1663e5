"""The ASGI application, put together.

What serves is loaded when it is first used: the operator's commands work on the data folder without it.
"""

from typing import TYPE_CHECKING, Any

from jackfield_marketplace.app.database import open_database
from jackfield_marketplace.app.seed import SEED_USER, seed

if TYPE_CHECKING:
    from jackfield_marketplace.app.application import create_app
    from jackfield_marketplace.app.front import Front
    from jackfield_marketplace.app.protocol import IndexProtocol
    from jackfield_marketplace.app.server import serve

__all__ = ["SEED_USER", "Front", "IndexProtocol", "create_app", "open_database", "seed", "serve"]

_LATER = {"Front": "front", "IndexProtocol": "protocol", "create_app": "application", "serve": "server"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"jackfield_marketplace.app.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
