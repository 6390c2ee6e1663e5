"""A host looks at a set and the state that belongs to it, never at one of them from before a change."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jackfield.host.changes.looking import BETWEEN_SECONDS, MOST_LOOKS
from jackfield.permissions import Grant
from jackfield.store import Activation, now

from tests.support.profiles import SOURCE, Profile, pin_of

pytestmark = pytest.mark.slow


def steps(profile: Profile, wheel: Path) -> Iterator[str]:
    """The steps by which an installer brings the plugin greeter, which its user lets run in the application."""
    grant = Grant("greeter", SOURCE, None, (), "1.0.0").to_mapping()
    changes = {"wish/greeter": True, "isolation/greeter": "inline", "grants/greeter": grant}
    pin = pin_of(wheel, {})

    def record(activation: Activation) -> None:
        profile.state.change(activation.changes, by="test", transaction=activation.transaction)

    activation = Activation("t1", 0, 0, now(), "test", "install greeter", changes)
    return profile.store.commit([pin], {pin.file.sha256: wheel}, activation=activation, record=record)


async def test_an_installer_that_needs_long_from_the_pointer_to_the_state_is_waited_for(profile, build, running):
    host = await running()
    with profile.store.lock(by="test"):
        installing = steps(profile, build("greeter"))
        assert "pointer-replaced" in installing  # so far it goes, and no further
        following = asyncio.ensure_future(host.reload_changes())
        done, _ = await asyncio.wait({following}, timeout=MOST_LOOKS * BETWEEN_SECONDS + 0.5)
        assert not done
        assert list(installing)[-1] == "journal-finished"
    await following
    assert host.plugins.status("greeter").state == "active"


async def test_one_that_died_there_is_not_waited_for(profile, build, running):
    host = await running()
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    with profile.store.lock(by="test"):
        assert "pointer-replaced" in steps(profile, build("greeter"))
        note = profile.layout.run / "installer.json"
        note.write_text(json.dumps({**json.loads(note.read_text()), "pid": ended.pid}))
        assert not profile.store.is_changing()
        await host.reload_changes()
    assert host.plugins.status("greeter").state == "found", "it is there, and nothing is known of a wish"
