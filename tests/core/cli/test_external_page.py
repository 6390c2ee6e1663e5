"""docs/how-to/connect-an-external-plugin.md, done as it is written."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.isolation import External
from jackfield.isolation import reception as bounds
from jackfield.rpc.link import HELLO_BYTES
from jackfield.worker import connecting

from tests.support.contrib import chat_hostfile
from tests.support.processes import clean_environment, script
from tests.support.speakers import Speaker

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "connect-an-external-plugin.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.slow
@pytest.mark.feature("J2", "J13", "J18")
async def test_a_key_is_made_and_a_python_plugin_connects_with_it(tmp_path: Path):
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    (work / "plugin.toml").write_text(block("toml"), encoding="utf-8")
    (work / "greeter.py").write_text(block("python"), encoding="utf-8")
    application = Application("chat", hostfile=chat_hostfile(), home=home, external=External())
    await application.start()
    guest = None
    try:
        typed, *answer = block("console").splitlines()
        words = typed.removeprefix("$ jackfield ").split()
        made = await asyncio.to_thread(
            subprocess.run,
            [script("jackfield"), "--app", "chat", *words],
            cwd=work, env=clean_environment(JACKFIELD_HOME=str(home)), input="y\n", capture_output=True, text=True,
            timeout=60, check=True,
        )  # fmt: skip
        place = str(application.layout.root)
        assert made.stdout == "\n".join(answer).replace("[y/N] y\n", "[y/N] ").replace("PROFILE", place) + "\n"

        written = block("sh").replace("PROFILE", place).split()
        guest = await asyncio.create_subprocess_exec(sys.executable, *written[1:], cwd=work, env=clean_environment())
        await application.host.plugins.wait_for("greeter", timeout_seconds=20)
        speaker = Speaker()
        for name in ("Ada", "Bea"):
            await application.host.commands.dispatch(f"greet {name}", speaker)
        assert speaker.answers == ["Hello Ada, you are number 1!", "Hello Bea, you are number 2!"]
    finally:
        if guest is not None:
            guest.kill()
            await guest.wait()
        await application.stop()


def test_the_options_and_bounds_on_the_page_are_those_of_the_code():
    text = " ".join(PAGE.split())
    told = subprocess.run(
        [sys.executable, "-m", "jackfield.worker", "connect", "--help"], capture_output=True, text=True, check=True
    ).stdout
    options = set(re.findall(r"--[a-z-]+", told)) - {"--help"}
    assert {one for one in options if f"`{one}" not in text} == set()
    first = f"one frame of {HELLO_BYTES} bytes within {bounds.GREETING_SECONDS:g} s, TLS included"
    assert f"{first}, {bounds.MOST_UNKNOWN} of them at once" in text
    assert f"after {bounds.ATTEMPTS} of them in a minute" in text
    assert bounds.ATTEMPTS_SECONDS == 60
    assert connecting.LEAST_WAIT_SECONDS == 0.5
    assert f"at most {connecting.MOST_WAIT_SECONDS:g} s" in text
