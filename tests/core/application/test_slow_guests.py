"""An external plugin that comes up slowly in an application, which follows all the while what others change."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.isolation import External
from jackfield.storage import State

from tests.support.guests import known, status
from tests.support.profiles import hostfile
from tests.support.slow_guest import slow_guest
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.mark.feature("J13")
async def test_what_is_followed_and_nobody_waits_for_leaves_a_slow_start_its_time(tmp_path: Path):
    """Else a plugin that sets something every second would keep a slow one from ever coming up."""
    application = Application("chat", home=tmp_path, hostfile=hostfile(), external=External())
    key = known(State(application.layout.state), "echo")
    await application.start()
    try:
        with slow_guest(application.host, key, "drips", 1.5) as guest:
            await until(lambda: guest.asked)
            times = 0
            async with asyncio.timeout(20):
                while not status(application.host).state.runs_code:
                    times += 1
                    application.host.state.change({"settings/cat/times": times}, by="cat")
                    await asyncio.sleep(0.3)
            assert times > 3
            assert len(guest.starts) == 1
    finally:
        await application.stop()
