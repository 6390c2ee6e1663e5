"""docs/how-to/write-a-plugin.md, "Where it runs": what happens to an author who does these things in a worker."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.speakers import Speaker
from tests.support.waiting import until

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "write-a-plugin.md").read_text(encoding="utf-8")

CODE = """
import socket, subprocess
from pathlib import Path
from jackfield import Plugin, command

def failing(work):
    try:
        work()
    except OSError as error:
        return type(error).__name__
    return "done"

class Main(Plugin):
    @command("ask")
    async def ask(self, source):
        await source.reply(failing(lambda: socket.create_connection(("127.0.0.1", 9), timeout=1)))

    @command("read")
    async def read(self, source):
        await source.reply(failing(Path("/etc/passwd").read_bytes))

    @command("start")
    async def start(self, source):
        await source.reply(failing(lambda: subprocess.run(["/bin/true"])))

    @command("keep")
    async def keep(self, source):
        await source.reply(failing(lambda: (self.context.data_dir / "kept").write_text("mine")))

    @command("print")
    async def print(self, source):
        print("it rains")
        await source.reply("said")
"""
COMMANDS = (
    '[contributes]\ncommands = [{name = "ask"}, {name = "read"}, {name = "start"}, {name = "keep"}, {name = "print"}]\n'
)


@pytest.mark.slow
async def test_what_authors_run_into_is_as_the_page_says(profile, build, running):
    profile.install(build("quick_weather", code=CODE, isolation="worker", more=COMMANDS))
    profile.enable("quick-weather", isolation="worker")
    host = await running()
    speaker = Speaker()
    for word in ("ask", "read", "start", "keep", "print"):
        await host.commands.dispatch(word, speaker)
    asked, read, started, kept, said = speaker.answers
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|$", PAGE, re.MULTILINE))
    assert rows["open a socket, `import httpx` and ask a server"].startswith(f"`{asked}`")
    assert read in ("FileNotFoundError", "PermissionError")  # the second where a machine confines as `base`
    assert "it is not there" in rows["open a file of your user"]
    assert rows["start a program, fork"].startswith(f"`{started}`")
    assert (kept, said) == ("done", "said")
    await until(lambda: [line for line in host.logs.lines("quick_weather") if line.message == "printed: it rains"])
