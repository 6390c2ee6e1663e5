"""Who listens often and slowly keeps neither the others from an event nor its sender waiting."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.api import Event
from jackfield.host import EventBus
from jackfield.runtime import Guard


@pytest.mark.slow
@pytest.mark.feature("M27")
async def test_the_listeners_of_one_plugin_have_only_so_long_for_one_event(monkeypatch):
    """With a thousand listeners, each just within its time, the sender waited for an hour, and was stopped as late."""
    monkeypatch.setattr("jackfield.host.facets.events.MOST_SECONDS", 1.0)
    blamed: list[tuple[str, str, str]] = []
    bus = EventBus(Guard(lambda plugin, what, error: blamed.append((plugin, what, str(error)))).run)
    heard: list[str] = []

    async def slowly(_event: Event[object]) -> None:
        heard.append("mallory")
        await asyncio.sleep(0.6)

    async def listen(_event: Event[object]) -> None:
        heard.append("alice")

    for _ in range(50):
        bus.listen("plugin:poll:voted", "mallory", slowly)
    for _ in range(50):
        bus.listen("plugin:poll:voted", "alice", listen)
    await bus.emit(Event("plugin:poll:voted", "poll", {}))
    assert 1 <= heard.count("mallory") <= 2
    assert heard.count("alice") == 50
    assert {(plugin, what) for plugin, what, _ in blamed} == {("mallory", "listener of plugin:poll:voted")}
    assert "took more than 1 s for plugin:poll:voted" in blamed[0][2]
