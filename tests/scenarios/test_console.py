"""A game server run from the chat: the console is installed, told what to start, and its scripts answer in the game.

Beside it a folder of scripts filters what members write: the two kinds of scripts do not meet.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.wheels import CONTRIB, build_wheels
from tests.support.chat_client import Member
from tests.support.console import server_command
from tests.support.processes import Server, clean_environment, script, wait_for

pytestmark = pytest.mark.slow

VISITS = """
from mcdreforged.api.all import *

PLUGIN_METADATA = {'id': 'visits', 'version': '1.0.0'}
visits = {}

def on_load(server, previous):
    visits.update(getattr(previous, 'visits', {}))
    server.register_command(Literal('!!visits').runs(lambda source: source.reply(str(visits))))

def on_player_joined(server, player, info):
    visits[player] = visits.get(player, 0) + 1
    server.tell(player, f'visit {visits[player]}')
"""
WAVE = "def on_message_sent(message):\n    return message.replace(':wave:', '👋')\n"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "game" / "plugins").mkdir(parents=True)
    (tmp_path / "game" / "plugins" / "visits.py").write_text(VISITS, encoding="utf-8")
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "wave.py").write_text(WAVE, encoding="utf-8")
    words = ["serve", "--data", str(tmp_path / "chat"), "--port", "0", "--scripts", str(tmp_path / "scripts")]
    with Server([script("jackfield-chat"), *words]) as server:
        yield server


@pytest.mark.feature("M1", "M3", "M34", "M36", "S5", "S6")
def test_a_game_server_is_started_from_the_chat_and_its_scripts_answer(served: Server, tmp_path: Path) -> None:
    def jackfield(*words: str) -> str:
        environment = clean_environment(JACKFIELD_HOME=str(tmp_path / "chat/plugins"))
        return subprocess.run(
            [script("jackfield"), *words], env=environment, capture_output=True, text=True, timeout=60, check=True
        ).stdout

    found = re.search(r"\b[a-z0-9]{4}(-[a-z0-9]{4}){3}\b", served.output)
    assert found is not None
    (wheel,) = build_wheels(tmp_path / "wheels", [CONTRIB / "console"])
    jackfield("install", "--yes", "--accept-permissions", str(wheel.path))
    jackfield("settings", "set", "console", "folder", str(tmp_path / "game"))
    jackfield("settings", "set", "console", "command", server_command())
    jackfield("disable", "console")
    jackfield("enable", "console")
    with Member(served.address, "owner", found[0]) as owner:

        def console(line: str, answer: str) -> None:
            def asked() -> bool:
                before = len(owner.seen)
                owner.say(f"!console {line}".rstrip())
                return any(answer in str(event) for event in owner.seen[before:])

            wait_for(asked, seconds=20, what=f"{answer!r} after {line!r}")

        console("scripts", "visits 1.0.0")
        console("start", "start: on its way")
        console("tail", "Done (")
        owner.say("!console #join Alex")
        console("tail", "to Alex: visit 1")
        changed = VISITS.replace("1.0.0", "1.1.0")
        (tmp_path / "game" / "plugins" / "visits.py").write_text(changed, encoding="utf-8")
        console("scripts", "visits 1.1.0")
        console("!!visits", "{'Alex': 1}")
        owner.say("hello :wave:")
        assert owner.hears("hello 👋")["text"] == "hello 👋"
        console("stop", "stop: on its way")
        console("tail", "the server ended with 0")
    assert re.search(r"^wave +0\.0\.0 +active +inline .* script", jackfield("list"), re.MULTILINE)
