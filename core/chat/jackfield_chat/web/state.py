"""What the page's handlers work with, and who is asking."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import TypeAlias
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response

from jackfield_chat.accounts import Account, Accounts, Role
from jackfield_chat.plugins import Bridge
from jackfield_chat.rooms import Board, Presence, Rooms

COOKIE = "jackfield_chat"


@dataclass(frozen=True, slots=True)
class Chat:
    """Everything that a handler needs.

    Args:
        accounts: people.
        rooms: rooms and history.
        presence: open pages.
        board: where messages are posted.
        bridge: the plugins.
    """

    accounts: Accounts
    rooms: Rooms
    presence: Presence
    board: Board
    bridge: Bridge


def chat_of(connection: HTTPConnection) -> Chat:
    """Return the chat that a request was made to."""
    chat: Chat = connection.app.state.chat
    return chat


def account_of(connection: HTTPConnection) -> Account | None:
    """Return who is signed in, as of now, or None."""
    token = connection.cookies.get(COOKIE)
    return chat_of(connection).accounts.session(token) if token else None


def client_of(connection: HTTPConnection) -> str:
    """Return the address that a request came from, for limits."""
    return connection.client.host if connection.client else "unknown"


Page: TypeAlias = Callable[[Request, Account], Awaitable[Response]]
Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


def signed_in(role: Role = Role.GUEST) -> Callable[[Page], Handler]:
    """Let a handler be called only by someone who is signed in, at that level or above.

    Others are shown the sign-in page, which leads back here; someone of a lower level gets 403.
    """

    def decorate(page: Page) -> Handler:
        @wraps(page)
        async def handle(request: Request) -> Response:
            account = account_of(request)
            if account is not None:
                chat_of(request).accounts.languages.hear(account.name, request.headers.get("accept-language", ""))
            if account is None:
                back = request.url.path if request.method == "GET" else "/"
                return RedirectResponse(f"/sign-in?next={quote(back)}", status_code=303)
            if not account.may(role):
                sentence = f"Only the {role.label} of the chat sees this page. Your role is {account.role.label}."
                raise HTTPException(403, sentence)
            return await page(request, account)

        return handle

    return decorate
