"""The live side of the page, and of any other client: one WebSocket, JSON both ways.

A client sends `{"type": …}`:

    open   room                             go to a room; answered by `room`
    send   room, text, nonce                a message or command; answered by `sent` or `error` with the same nonce
    act    component, action, values, nonce a button or form of a plugin's component was used
    choose item, nonce                      a plugin's menu item was chosen
    complete room, text, cursor, nonce      what can stand at a place of a command; answered by `completions`

and receives:

    hello    member, role                   once, at the start
    room     room, topic, messages, members the room that was opened, with its last 50 messages
    message  message                        something was said in the open room
    unread   room                           something was said in another room
    members  room, members                  who is in the open room now
    rooms    rooms                          the names of all rooms
    boxes    boxes                          the plugins' components, drawn anew
    menu     items                          the plugins' menu items
    plugins                                 plugins changed: installed, enabled, updated, rolled back …
    answer   title, lines, confirm, nonce   what only this member sees: the answer to a command, or, without a nonce,
                                            news for an owner
    completions items, usages, nonce        each with `text`, what it takes the place of (`start`, `end`) and `help`;
                                            how the commands are called that the line can become
    sent     nonce                          done
    error    message, nonce, fields         not done, and why; of a form also by the names of its `fields`
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress

from jackfield.errors import JackfieldError, WrongValues
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from jackfield_chat.accounts import Account, AccountError, Role, session_key
from jackfield_chat.rooms import Connection, RoomError, message_event
from jackfield_chat.web.chatroom import PAGE_MESSAGES
from jackfield_chat.web.conversation import say, sentence
from jackfield_chat.web.state import COOKIE, Chat, account_of, chat_of

logger = logging.getLogger("jackfield_chat")
SIGNED_OUT = 4401  # told to the page, which goes to the sign-in page instead of connecting again
CHECK_SECONDS = 30.0  # how often it is seen whether the session still holds, for a page that only listens
LONGEST_LINE = 64 * 1024
HELD_SECONDS = 0.5  # how long a button, form or chat command holds up the next line of its connection
MOST_AT_ONCE = 8  # commands of one connection that may run side by side, before its next line has to wait


class Conversation:
    """One WebSocket, from hello to goodbye.

    Args:
        chat: what it talks with.
        socket: the accepted WebSocket.
        account: who is signed in.
    """

    def __init__(self, chat: Chat, socket: WebSocket, account: Account) -> None:
        self._chat = chat
        self._socket = socket
        self._connection = Connection(account.name, session_key(socket.cookies.get(COOKIE, "")))
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)

    async def run(self, account: Account) -> None:
        """Talk until either side ends it."""
        self._chat.presence.enter(self._connection, None)
        self._connection.send({"type": "hello", "member": account.name, "role": account.role.label})
        self._connection.send({"type": "menu", "items": self._chat.bridge.menu()})
        beside = [asyncio.create_task(self._write()), asyncio.create_task(self._watch_session())]
        try:
            self._connection.send({"type": "boxes", "boxes": await self._chat.bridge.boxes()})
            await self._read()
        finally:
            for task in beside:
                task.cancel()
            left = self._chat.presence.leave(self._connection)
            if left is not None:
                await self._tell_presence(left)
                await self._chat.bridge.member_left(left, self._connection.member)
            # An install that somebody began goes on to its end, whether they still look or not.
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _write(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # starlette raises RuntimeError after a close by the client
            while (event := await self._connection.next()) is not None:
                await self._socket.send_text(json.dumps(event))
            if self._connection.signed_out:
                await self._socket.close(SIGNED_OUT, "You were signed out.")
                return
            await self._socket.close(1013, "This connection did not keep up, or the chat is stopping.")

    async def _watch_session(self) -> None:
        while True:
            if account_of(self._socket) is None:
                self._connection.sign_out()
                return
            await asyncio.sleep(CHECK_SECONDS)

    async def _read(self) -> None:
        while True:
            try:
                text = await self._socket.receive_text()
            except (WebSocketDisconnect, KeyError, RuntimeError):
                return  # KeyError: a binary frame, which no client of ours sends
            account = account_of(self._socket)
            if account is None:
                await self._socket.close(SIGNED_OUT, "You were signed out.")
                return
            if _may_overtake(text):
                await self._slots.acquire()
                task = asyncio.create_task(self._handle(account, text))
                self._tasks.add(task)
                task.add_done_callback(self._done)
                # A vote comes before the "!poll close" written after it, unless its plugin takes its time.
                await asyncio.wait({task}, timeout=HELD_SECONDS)
            else:
                await self._handle(account, text)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def _handle(self, account: Account, text: str) -> None:
        nonce: object = None
        try:
            request = _request(text)
            nonce = request.get("nonce")
            await self._answer(account, request, nonce)
        except WrongValues as exc:
            self._connection.send({"type": "error", "message": sentence(exc), "fields": exc.fields, "nonce": nonce})
        except JackfieldError as exc:
            self._connection.send({"type": "error", "message": sentence(exc), "nonce": nonce})
        except Exception:  # a fault of ours must not leave the page waiting, nor end the connection
            logger.exception("a request over the WebSocket failed")
            problem = "The chat failed here; its log says why. This was perhaps not done."
            self._connection.send({"type": "error", "message": problem, "nonce": nonce})

    async def _answer(self, account: Account, request: Mapping[str, object], nonce: object) -> None:
        kind = request.get("type")
        if kind == "open":
            await self._open(_text(request, "room"), account)
        elif kind == "send":
            answer = await say(self._chat, account, _text(request, "room"), _text(request, "text"))
            if answer is not None:
                self._connection.send({"type": "answer", "nonce": nonce, **answer.to_mapping()})
            self._connection.send({"type": "sent", "nonce": nonce})
        elif kind in {"act", "choose"} and not account.may(Role.USER):
            raise AccountError("A guest reads only. Ask the owner for the role of a user.")
        elif kind == "act":
            values = request.get("values", {})
            if not isinstance(values, dict):
                raise RoomError("values must be an object")
            await self._chat.bridge.act(_text(request, "component"), _text(request, "action"), values, account.name)
            self._connection.send({"type": "sent", "nonce": nonce})
        elif kind == "choose":
            await self._chat.bridge.choose(_text(request, "item"), account.name)
            self._connection.send({"type": "sent", "nonce": nonce})
        elif kind == "complete":
            text, cursor = _text(request, "text"), request.get("cursor")
            place = cursor if isinstance(cursor, int) and 0 <= cursor <= len(text) else len(text)
            found = await self._chat.bridge.complete(text, place, _text(request, "room"), account)
            self._connection.send({"type": "completions", "nonce": nonce, **found})
        else:
            raise RoomError(f"type must be one of open, send, act, choose, complete, not {kind!r}")

    async def _open(self, name: str, account: Account) -> None:
        room = self._chat.rooms.get(name)
        left, entered = self._chat.presence.enter(self._connection, room.name)
        messages = self._chat.rooms.recent(room.name, limit=PAGE_MESSAGES)
        self._connection.send(
            {
                "type": "room",
                "room": room.name,
                "topic": room.topic,
                "messages": [message_event(message) for message in messages],
                "members": self._chat.presence.members(room.name),
            }
        )
        if left is not None:
            await self._tell_presence(left)
            await self._chat.bridge.member_left(left, account.name)
        if entered is not None:
            await self._tell_presence(entered)
            await self._chat.bridge.member_joined(entered, account.name)
        if account.may(Role.OWNER) and (note := self._chat.bridge.news(account.name)) is not None:
            self._connection.send({"type": "answer", **note.to_mapping()})

    async def _tell_presence(self, room: str) -> None:
        members = self._chat.presence.members(room)
        self._chat.presence.tell_room(room, {"type": "members", "room": room, "members": members})


def _may_overtake(text: str) -> bool:
    # Messages keep the order in which they were written; an install or a plugin's form must not hold them up.
    with suppress(JackfieldError):
        request = _request(text)
        return request.get("type") in {"act", "choose", "complete"} or str(request.get("text", "")).startswith("/")
    return False


def _request(text: str) -> Mapping[str, object]:
    if len(text) > LONGEST_LINE:
        raise RoomError(f"A line has at most {LONGEST_LINE // 1024} KiB.")
    try:
        request = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise RoomError("A JSON object is expected.") from exc
    if not isinstance(request, dict):
        raise RoomError("A JSON object is expected.")
    return request


def _text(request: Mapping[str, object], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str):
        raise RoomError(f"{key} is missing or no text")
    return value


async def socket(websocket: WebSocket) -> None:
    """Accept a signed-in client and talk with it."""
    account = account_of(websocket)
    await websocket.accept()
    if account is None:
        await websocket.close(SIGNED_OUT, "Sign in first.")
        return
    await Conversation(chat_of(websocket), websocket, account).run(account)


ROUTES = [WebSocketRoute("/socket", socket)]
