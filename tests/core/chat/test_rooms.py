"""Rooms, their history, and who is there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jackfield_chat.db import Database
from jackfield_chat.rooms import Board, Connection, Presence, RoomError, Rooms
from jackfield_chat.rooms.board import POSTS_AT_ONCE
from jackfield_chat_api import Message


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    database = Database(tmp_path / "chat.sqlite")
    yield Rooms(database)
    database.close()


def test_there_is_a_lobby_from_the_start_and_it_comes_first(rooms: Rooms) -> None:
    rooms.create("a-room", "about  a")
    assert [room.name for room in rooms.all()] == ["lobby", "a-room"]
    assert rooms.get("a-room").topic == "about a"


@pytest.mark.parametrize("name", ["", "#", "A", "a b", "a--b", "-a", "a/b", "..", "ä", "a" * 33])
def test_a_name_that_cannot_be_is_refused(rooms: Rooms, name: str) -> None:
    with pytest.raises(RoomError):
        rooms.create(name)


def test_a_room_is_made_once(rooms: Rooms) -> None:
    rooms.create("#tea")
    with pytest.raises(RoomError, match="tea already"):
        rooms.create("tea")


def test_messages_come_back_in_order_and_page_by_page(rooms: Rooms) -> None:
    kept = [rooms.add(Message(0, "lobby", "ada", f"number {number}")) for number in range(5)]
    assert [message.text for message in rooms.recent("lobby", limit=2)] == ["number 3", "number 4"]
    assert [message.id for message in rooms.recent("lobby", limit=2, before=kept[3].id)] == [kept[1].id, kept[2].id]


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(
        lambda text: text.strip() and max(text) < "\ud800"
    )
)
def test_any_text_comes_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    database = Database(tmp_path_factory.mktemp("rooms") / "chat.sqlite")
    rooms = Rooms(database)
    rooms.add(Message(0, "lobby", "ada", text, metadata={"mood": text}))
    (message,) = rooms.recent("lobby")
    database.close()
    assert (message.text, message.metadata) == (text, {"mood": text})


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 8001, "half \ud800 a pair"])
def test_an_empty_or_endless_message_is_refused(rooms: Rooms, text: str) -> None:
    with pytest.raises(RoomError):
        rooms.add(Message(0, "lobby", "ada", text))


def test_a_message_to_no_room_is_refused(rooms: Rooms) -> None:
    with pytest.raises(RoomError, match="no room nowhere"):
        rooms.add(Message(0, "nowhere", "ada", "hello"))


@pytest.mark.feature("C17")
def test_a_message_is_stamped_with_its_plugin_and_nobody_can_forge_the_stamp(rooms: Rooms) -> None:
    board = Board(rooms, Presence())
    by_plugin = board.post(Message(0, "lobby", "Poll", "vote"), plugin="poll")
    forged = board.post(Message(0, "lobby", "eve", "vote", metadata={"plugin": "poll", "mood": "sly"}))
    assert by_plugin.metadata["plugin"] == "poll"
    assert forged.metadata == {"mood": "sly"}


def test_a_plugin_that_posts_without_end_fills_neither_the_history_nor_the_pages(rooms: Rooms) -> None:
    """One command of a member was enough to answer to it a thousand times a second, for ever."""
    board = Board(rooms, Presence())
    for _ in range(POSTS_AT_ONCE):
        board.post(Message(0, "lobby", "Mallory", "buy"), plugin="mallory")

    def go_on() -> None:
        for _ in range(20 * POSTS_AT_ONCE):
            board.post(Message(0, "lobby", "Mallory", "buy"), plugin="mallory")

    with pytest.raises(RoomError, match="mallory posts more than 50 messages a second"):
        go_on()
    board.post(Message(0, "lobby", "Poll", "vote"), plugin="poll")
    board.post(Message(0, "lobby", "ada", "hello"))
    assert [one.author for one in rooms.recent("lobby", limit=2)] == ["Poll", "ada"]


def test_a_member_enters_with_the_first_page_and_leaves_with_the_last() -> None:
    presence = Presence()
    first, second = Connection("ada"), Connection("ada")
    assert presence.enter(first, "lobby") == (None, "lobby")
    assert presence.enter(second, "lobby") == (None, None)
    assert presence.members("lobby") == ["ada"]
    assert presence.leave(first) is None
    assert presence.enter(second, "tea") == ("lobby", "tea")
    assert presence.leave(second) == "tea"
    assert presence.online() == set()


async def test_a_connection_that_does_not_read_is_dropped_and_the_others_go_on() -> None:
    presence = Presence()
    slow, quick = Connection("slow"), Connection("quick")
    presence.enter(slow, "lobby")
    presence.enter(quick, "lobby")
    for number in range(300):
        presence.tell_room("lobby", {"type": "message", "number": number})
        assert await quick.next() == {"type": "message", "number": number}
    assert await slow.next() is None
