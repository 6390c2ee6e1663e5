"""The chat without its plugins: every page says so."""

from __future__ import annotations


async def test_every_page_says_that_the_chat_runs_without_plugins(serve):
    chat = await serve(safe=True)
    owner = await chat.person("owner")
    for path, way_out in (("/rooms/lobby", "See to it"), ("/plugins", "safe-mode --leave")):
        text = (await owner.http.get(path)).text
        assert "Safe mode: the plugins are not started, since it was asked for." in text
        assert way_out in text


async def test_no_page_says_so_otherwise(serve):
    chat = await serve()
    owner = await chat.person("owner")
    assert "Safe mode" not in (await owner.http.get("/rooms/lobby")).text
