"""The page of a room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from jackfield.errors import JackfieldError
from jackfield_chat_api import Message
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from jackfield_chat.accounts import Account, AccountError, Role
from jackfield_chat.plugins import Answer
from jackfield_chat.rooms import LOBBY, RoomError, message_event
from jackfield_chat.web.conversation import say, sentence
from jackfield_chat.web.forms import read_form
from jackfield_chat.web.rendering import page
from jackfield_chat.web.state import chat_of, signed_in

PAGE_MESSAGES = 50
_TOGETHER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Line:
    """A message as the page shows it.

    Args:
        message: what was said.
        plugin: the id of the plugin that wrote it, or None.
        follows: whether it goes on from the line above: the same author, shortly after.
    """

    message: Message
    plugin: object
    follows: bool


def lines(messages: Sequence[Message]) -> list[Line]:
    """Return messages as lines, those of one author held together."""
    result: list[Line] = []
    for message in messages:
        plugin = message.metadata.get("plugin")
        above = result[-1] if result else None
        follows = (
            above is not None
            and (above.message.author, above.plugin) == (message.author, plugin)
            and message.sent_at - above.message.sent_at < _TOGETHER
        )
        result.append(Line(message, plugin, follows))
    return result


@signed_in()
async def home(request: Request, account: Account) -> Response:
    """The lobby is where everybody starts."""
    return RedirectResponse(f"/rooms/{LOBBY}", status_code=303)


@signed_in()
async def show_room(request: Request, account: Account) -> Response:
    """A room with its last messages."""
    return _room_page(request, account)


@signed_in()
async def write(request: Request, account: Account) -> Response:
    """What the form below the messages does where no script runs."""
    form = await read_form(request)
    room, text = request.path_params["room"], form.get("text", "")
    try:
        answer = await say(chat_of(request), account, room, text)
    except JackfieldError as exc:
        return _room_page(request, account, text=text, error=sentence(exc), status_code=422)
    if answer is not None:
        return _room_page(request, account, answer=answer)
    return RedirectResponse(f"/rooms/{room}", status_code=303)


@signed_in()
async def earlier(request: Request, account: Account) -> Response:
    """Messages before a number, as JSON."""
    rooms = chat_of(request).rooms
    try:
        before = int(request.query_params.get("before", ""))
        messages = rooms.recent(rooms.get(request.path_params["room"]).name, limit=PAGE_MESSAGES, before=before)
    except ValueError as exc:
        raise HTTPException(400, "before must be the number of a message") from exc
    except (RoomError, OverflowError) as exc:
        raise HTTPException(404, str(exc)) from exc
    return JSONResponse({"messages": [message_event(message) for message in messages]})


@signed_in()
async def create_room(request: Request, account: Account) -> Response:
    """Make a room and go there."""
    chat, form = chat_of(request), await read_form(request)
    back = form.get("back", LOBBY)
    try:
        if not account.may(Role.USER):
            raise AccountError("A guest cannot make rooms.")
        room = chat.rooms.create(form.get("name", ""), form.get("topic", ""))
    except JackfieldError as exc:
        request.path_params["room"] = back
        return _room_page(request, account, new_room=form.get("name", ""), room_error=exc.message, status_code=422)
    chat.presence.tell_everyone({"type": "rooms", "rooms": [one.name for one in chat.rooms.all()]})
    return RedirectResponse(f"/rooms/{room.name}", status_code=303)


def _room_page(
    request: Request,
    account: Account,
    *,
    text: str = "",
    error: str = "",
    answer: Answer | None = None,
    new_room: str = "",
    room_error: str = "",
    status_code: int = 200,
) -> Response:
    chat = chat_of(request)
    try:
        room = chat.rooms.get(request.path_params["room"])
    except RoomError as exc:
        raise HTTPException(404, f"There is no room {request.path_params['room']}.") from exc
    messages = chat.rooms.recent(room.name, limit=PAGE_MESSAGES)
    return page(
        "room.html",
        status_code=status_code,
        account=account,
        owner=account.may(Role.OWNER),
        room=room,
        rooms=chat.rooms.all(),
        members=chat.presence.members(room.name),
        lines=lines(messages),
        more=len(messages) == PAGE_MESSAGES,
        text=text,
        error=error,
        answer=answer,
        new_room=new_room,
        room_error=room_error,
        safe_mode=chat.bridge.safe_mode,
    )


ROUTES = [
    Route("/", home),
    Route("/rooms", create_room, methods=["POST"]),
    Route("/rooms/{room}", show_room, methods=["GET"]),
    Route("/rooms/{room}", write, methods=["POST"]),
    Route("/rooms/{room}/messages", earlier),
]
