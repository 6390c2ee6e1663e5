"""The reference page of trust does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from jackfield.inspection import read_attestation

from tests.support.wheels import build_plugin

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "trust.md").read_text("utf-8")
SOURCES = Path(__file__).parents[4] / "core" / "framework" / "jackfield" / "market"


@pytest.mark.slow
def test_the_commands_of_the_page_run_as_they_are_written(market, tmp_path):
    market.publish("dice")
    (tmp_path / "root.json").write_bytes(httpx.get(f"{market.url}/tuf/1.root.json").content)
    commands = re.findall(r"^python -m jackfield\.market\.trust .*$", PAGE, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        words = command.replace("URL", market.url).split()[1:]
        done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert b"chat-dice" in (tmp_path / "fb%2Fchat-dice%2Findex.json").read_bytes()


def test_every_sentence_of_the_page_is_one_of_the_client():
    told = "".join(path.read_text("utf-8") for path in SOURCES.rglob("*.py"))
    told = re.sub(r"\{[a-z_.]+\}", "…", told)
    table = PAGE.partition("## What is refused")[2].partition("Answers without end")[0]
    sentences = [
        one for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for one in re.findall(r"`(.*?)`", row)
    ]
    assert len(sentences) == 12
    for sentence in sentences:
        for part in sentence.split("…"):
            assert part.removeprefix(", and").strip(" ,") in told, part


def test_a_release_is_signed_as_the_page_says(tmp_path, monkeypatch):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    wheel = build_plugin(tmp_path, "poll")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(program, names)
    envelope = names["form_field"]["attestations"].strip("[]").encode()
    assert read_attestation(envelope, wheel.name, sha256(wheel.read_bytes()).hexdigest()).key
