"""Welcome, as its wheel runs in a host."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield_chat_api import Member, Room

from tests.support.contrib import Chatroom, Running, running, started

pytestmark = pytest.mark.slow


LOBBY = Room("lobby")


async def join(plugin: Running, name: str, room: Room = LOBBY) -> None:
    await plugin.host.call.member_joined(room=room, member=Member(name))


async def test_whoever_enters_is_greeted_once_in_each_room(tmp_path: Path) -> None:
    async with running("welcome", tmp_path) as plugin:
        await join(plugin, "bea")
        await join(plugin, "bea")
        await join(plugin, "carl")
        await join(plugin, "bea", Room("kitchen"))
        assert [(message.room, message.text) for message in plugin.chat.posted] == [
            ("lobby", "Welcome to lobby, bea."),
            ("lobby", "Welcome to lobby, carl."),
            ("kitchen", "Welcome to kitchen, bea."),
        ]


@pytest.mark.feature("C14")
async def test_it_remembers_whom_it_has_greeted_when_the_chat_starts_again(tmp_path: Path) -> None:
    async with running("welcome", tmp_path) as plugin:
        await join(plugin, "bea")
        profile = plugin.profile
    chat = Chatroom()
    async with started(profile, chat) as again:
        await join(again, "bea")
        await join(again, "carl")
    assert chat.texts == ["Welcome to lobby, carl."]


@pytest.mark.feature("C22")
async def test_the_owner_chooses_the_words_and_they_are_no_format_string(tmp_path: Path) -> None:
    greeting = "Hi {name}! {name.__class__} {0} in {room}"
    async with running("welcome", tmp_path, settings={"greeting": greeting}) as plugin:
        await join(plugin, "bea")
        assert plugin.chat.texts == ["Hi bea! {name.__class__} {0} in lobby"]


async def test_an_empty_greeting_greets_nobody(tmp_path: Path) -> None:
    async with running("welcome", tmp_path, settings={"greeting": ""}) as plugin:
        await join(plugin, "bea")
        assert plugin.chat.posted == []
