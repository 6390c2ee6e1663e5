"""The ASGI application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from jackfield_chat.accounts import Accounts
from jackfield_chat.db import Database
from jackfield_chat.plugins import Bridge
from jackfield_chat.rooms import Board, Presence, Rooms
from jackfield_chat.settings import Settings
from jackfield_chat.web import Chat, handlers, middleware, routes


def create_app(settings: Settings, *, on_owner: Callable[[str], None] = lambda password: None) -> Starlette:
    """Put the chat together; its plugins start with the application's lifespan, in the background.

    Args:
        settings: where the data lies and which marketplaces are asked.
        on_owner: called with the owner's password when the owner's account was made: at the first start only.

    Raises:
        DatabaseError: the chat's database cannot be used.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    accounts, rooms, presence = Accounts(database), Rooms(database), Presence()
    board = Board(rooms, presence)
    bridge = Bridge(settings, board=board, accounts=accounts)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        password = await accounts.ensure_owner()
        if password is not None:
            on_owner(password)
        await bridge.start()
        try:
            yield
        finally:
            presence.close()
            await bridge.stop()
            database.close()

    before = middleware((settings.host, *settings.allowed_hosts))
    app = Starlette(routes=routes(), middleware=before, exception_handlers=handlers(), lifespan=lifespan)
    app.state.chat = Chat(accounts, rooms, presence, board, bridge)
    return app
