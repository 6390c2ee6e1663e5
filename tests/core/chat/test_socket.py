"""What is live: the WebSocket, with real clients."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

if TYPE_CHECKING:
    from tests.core.chat.conftest import RunningChat

pytestmark = pytest.mark.slow


def _answers(nonce: str) -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["nonce"] == nonce


async def test_two_people_talk_and_only_those_in_the_room_hear_it(chat: "RunningChat") -> None:
    ada, bob = await chat.person("ada"), await chat.person("bob")
    await ada.http.post("/rooms", data={"name": "tea", "back": "lobby"})
    carol = await chat.person("carol", room="tea")
    assert (await ada.say("hello bob"))["type"] == "sent"
    heard = await bob.hears("hello bob")
    assert (heard["author"], heard["plugin"], heard["room"]) == ("ada", None, "lobby")
    assert (await carol.event("unread"))["room"] == "lobby"
    assert not any(event["type"] == "message" for event in carol.seen)


async def test_messages_of_one_person_keep_their_order(chat: "RunningChat") -> None:
    ada, bob = await chat.person("ada"), await chat.person("bob")
    for number in range(30):
        await ada.tell(type="send", room="lobby", text=f"number {number}", nonce=f"n{number}")
    await bob.hears("number 29")
    said = [event["message"]["text"] for event in bob.seen if event["type"] == "message"]
    assert said == [f"number {number}" for number in range(30)]


async def test_everyone_sees_who_comes_and_goes(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    bob = await chat.person("bob")
    assert (await ada.event("members", lambda event: "bob" in event["members"]))["members"] == ["ada", "bob"]
    await bob.socket.close()
    assert (await ada.event("members", lambda event: "bob" not in event["members"]))["members"] == ["ada"]


async def test_a_new_room_shows_on_every_page(chat: "RunningChat") -> None:
    ada, bob = await chat.person("ada"), await chat.person("bob")
    await ada.http.post("/rooms", data={"name": "tea", "back": "lobby"})
    assert (await bob.event("rooms"))["rooms"] == ["lobby", "tea"]


async def test_the_owner_gives_roles_and_a_guest_reads_only(chat: "RunningChat") -> None:
    owner, ada = await chat.person("owner"), await chat.person("ada")
    assert "Only the owner" in (await ada.say("/role ada owner"))["message"]
    assert (await owner.say("/role ada guest"))["title"] == "ada is guest now"
    assert "guest reads only" in (await ada.say("hello"))["message"]
    for use in ({"type": "act", "component": "poll:poll", "action": "vote"}, {"type": "choose", "item": "poll:new"}):
        await ada.tell(**use, nonce=use["type"])
        refused = await ada.event("error", _answers(use["type"]))
        assert "guest reads only" in refused["message"]
    assert "no role 'king'" in (await owner.say("/role ada king"))["message"]
    assert "no account nobody" in (await owner.say("/role nobody user"))["message"]


async def test_help_lists_what_can_be_written_and_two_slashes_send_one(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    answer = await ada.say("/help")
    assert any("/plugins" in line["text"] for line in answer["lines"])
    await ada.say("//help")
    assert (await ada.hears("/help"))["text"] == "/help"


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        ("", "JSON object"),
        ("[]", "JSON object"),
        ("{", "JSON object"),
        ("[" * 20_000, "JSON object"),
        ('{"type": "dance"}', "type must be one of"),
        ('{"type": "send"}', "room is missing"),
        ('{"type": "send", "room": "lobby", "text": 3}', "text is missing"),
        ('{"type": "send", "room": "lobby", "text": " "}', "empty"),
        ('{"type": "send", "room": "lobby", "text": "\\ud800"}', "cannot be kept"),
        ('{"type": "send", "room": "nowhere", "text": "x"}', "no room nowhere"),
        ('{"type": "open", "room": "nowhere"}', "no room nowhere"),
        ('{"type": "open", "room": "\\ud800"}', "broken character"),
        ('{"type": "send", "room": "\\ud800", "text": "x"}', "broken character"),
        ('{"type": "act", "component": "x:y", "action": "a", "values": []}', "values must be"),
        ('{"type": "act", "component": "x:y", "action": "a"}', "x:y"),
        ('{"type": "choose", "item": "x:y"}', "x:y"),
    ],
)
async def test_bad_input_is_answered_by_a_sentence_and_the_connection_stays(
    chat: "RunningChat", frame: str, told: str
) -> None:
    ada = await chat.person("ada")
    await ada.socket.send(frame)
    assert told in (await ada.event("error"))["message"]
    assert (await ada.say("still here"))["type"] == "sent"


async def test_a_frame_that_is_too_long_ends_that_connection_only(chat: "RunningChat") -> None:
    ada, bob = await chat.person("ada"), await chat.person("bob")
    await ada.socket.send("x" * 100_000)
    await ada.closed()
    assert (await bob.say("still here"))["type"] == "sent"


async def test_a_binary_frame_ends_that_connection_only(chat: "RunningChat") -> None:
    ada, bob = await chat.person("ada"), await chat.person("bob")
    await ada.socket.send(b"bytes")
    await ada.closed()
    assert (await bob.say("still here"))["type"] == "sent"


async def test_nobody_connects_without_signing_in(chat: "RunningChat") -> None:
    async with connect(chat.url.replace("http", "ws") + "/socket", origin=Origin(chat.url), proxy=None) as socket:
        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 4401


async def test_another_site_cannot_connect_for_a_member(chat: "RunningChat") -> None:
    ada = await chat.person("ada")
    cookie = f"jackfield_chat={ada.http.cookies['jackfield_chat']}"
    with pytest.raises(InvalidStatus) as caught:
        await connect(
            chat.url.replace("http", "ws") + "/socket",
            origin=Origin("http://evil.example"),
            additional_headers={"Cookie": cookie},
            proxy=None,
        )
    assert caught.value.response.status_code == 403


async def test_signing_out_ends_the_connections_of_that_session_and_no_others(chat: "RunningChat") -> None:
    ada, bob = await chat.person("ada"), await chat.person("bob")
    await ada.http.post("/sign-out")
    assert await ada.closed() == 4401
    assert (await bob.say("still here"))["type"] == "sent"


async def test_a_page_that_only_listens_is_ended_with_its_session(
    chat: "RunningChat", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jackfield_chat.web.socket.CHECK_SECONDS", 0.05)
    ada = await chat.person("ada")
    with closing(sqlite3.connect(chat.settings.database)) as database, database:
        database.execute("UPDATE sessions SET expires_at = 0")
    assert await ada.closed() == 4401
