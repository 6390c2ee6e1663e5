"""A host with a folder of scripts, for every test of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield.hooks import HookspecMarker
from jackfield.host import Scripts

hookspec = HookspecMarker("chat")


class Specs:
    @hookspec(pipeline="text")
    def on_message_sent(self, text): ...

    @hookspec
    def asked(self): ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "scripts"
    place.mkdir()
    return place


@pytest.fixture
def start(running, folder):
    async def begin(**options):
        return await running(specs=Specs, scripts=Scripts((folder,), options.pop("hooks", {})), **options)

    return begin
