"""A program that connects to a running chat, in another language."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield import External
from jackfield.storage import State
from jackfield.store import Layout

from tests.core.chat.conftest import Serve
from tests.demo.wheels import CONTRIB
from tests.support.guests import known
from tests.support.node import node

ECHO = CONTRIB / "echo-js"


@pytest.mark.feature("J10", "J13", "J18")
async def test_it_hears_the_room_answers_in_it_and_is_on_the_page_of_plugins(serve: Serve, tmp_path: Path) -> None:
    chat = await serve(external=External())
    layout = Layout.locate("chat", environ={"JACKFIELD_HOME": str(chat.settings.plugin_home)})
    key = tmp_path / "echo-js.key"
    text = (ECHO / "plugin.toml").read_text(encoding="utf-8")
    key.write_text(known(State(layout.state), "echo-js", text), encoding="ascii")
    owner = await chat.person("owner")
    page = (await owner.http.get("/plugins")).text
    assert "a program of its own, which somebody starts" in page
    with node(ECHO / "echo.js", layout.plugin_port.read_text(encoding="ascii").strip(), key):
        await chat.plugin("echo-js")
        await owner.say("good morning")
        await owner.say("!echo hello there")
        answer = await owner.hears("hello there (1 heard)")
        assert answer["plugin"] == "echo-js"
        assert "is not connected" not in (await owner.http.get("/plugins")).text
