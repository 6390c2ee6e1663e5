"""Timestamp, as its wheel runs in a host."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from jackfield_chat_api import Message

from tests.support.contrib import running

NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def message(text: str = "hello") -> Message:
    return Message(0, "lobby", "bea", text, NOON)


@pytest.mark.feature("S10", "S6", "S8")
async def test_the_time_stands_before_every_sent_message(tmp_path: Path) -> None:
    async with running("timestamp", tmp_path) as plugin:
        sent = await plugin.host.call.message_sent(message=message())
    assert sent.text == f"[{NOON.astimezone():%H:%M}] hello"
    assert (sent.author, sent.room, sent.sent_at) == ("bea", "lobby", NOON)


@pytest.mark.feature("C22")
async def test_the_user_chooses_the_format(tmp_path: Path) -> None:
    async with running("timestamp", tmp_path, settings={"format": "%Y"}) as plugin:
        sent = await plugin.host.call.message_sent(message=message())
    assert sent.text == "[2026] hello"


@pytest.mark.feature("S9")
async def test_an_empty_format_leaves_the_message_alone(tmp_path: Path) -> None:
    async with running("timestamp", tmp_path, settings={"format": ""}) as plugin:
        sent = await plugin.host.call.message_sent(message=message())
    assert sent == message()
