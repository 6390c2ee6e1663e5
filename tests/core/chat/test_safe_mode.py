"""The chat without its plugins: every page says so."""

from __future__ import annotations

import asyncio
import html
import re
import shlex
import subprocess

import pytest

from tests.support.processes import clean_environment, script

pytestmark = pytest.mark.slow


async def test_every_page_says_that_the_chat_runs_without_plugins(serve):
    chat = await serve(safe=True)
    owner = await chat.person("owner")
    for path, way_out in (("/rooms/lobby", "See to it"), ("/plugins", "safe-mode --leave")):
        text = (await owner.http.get(path)).text
        assert "Safe mode: the plugins are not started, since it was asked for." in text
        assert way_out in text


async def test_what_the_page_says_to_type_leaves_it(serve):
    """The command means this chat, wherever it is typed."""
    chat = await serve(safe=True)
    text = (await (await chat.person("owner")).http.get("/plugins")).text
    found = re.search(r'<code class="typed">(.*?)</code>', text)
    assert found is not None
    program, *words = shlex.split(html.unescape(found[1]))
    done = await asyncio.to_thread(
        subprocess.run, [script(program), *words],
        env=clean_environment(), cwd="/", capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("Safe mode is over")


async def test_no_page_says_so_otherwise(serve):
    chat = await serve()
    owner = await chat.person("owner")
    assert "Safe mode" not in (await owner.http.get("/rooms/lobby")).text
