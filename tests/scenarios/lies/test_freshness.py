"""Older states, parts of different days, and updates that are held back.

Each attack here and beside it is first shown to work on a client that looks at hashes alone, or would otherwise have
changed something, by the honest update that stands behind it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.mirror import Answer

pytestmark = [pytest.mark.slow, pytest.mark.feature("C36")]


async def test_without_a_lie_the_update_comes(user):
    user.update()
    await user.install()
    assert user.installed() == {user.id: "1.1.0"}


async def test_rollback(user):
    user.mirror.replay("/tuf/timestamp.json")
    old = user.mirror.lies.pop()
    user.update()
    await user.install()
    user.mirror.lies.append(old)
    assert "says less than it did before" in await user.refused(
        "rollback: yesterday's timestamp", spec=f"{user.id}==1.0.0"
    )


async def test_rollback_of_a_page_alone(user):
    user.mirror.replay(f"/simple/chat-{user.id}/")
    user.update()
    assert "than it signed" in await user.refused("rollback: yesterday's project page")


async def test_freeze(user):
    user.update()
    past = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    frozen = user.sign("timestamp", lambda signed: signed.update(expires=past))
    user.mirror.lie("/tuf/timestamp.json", Answer(200, frozen))
    said = await user.refused("freeze: the timestamp of the day before yesterday, for ever")
    assert "has signed nothing new for too long" in said


async def test_mix_and_match(user):
    number = user.mirror.metadata("timestamp")["signed"]["meta"]["snapshot.json"]["version"]
    version = user.mirror.metadata("snapshot", number)["signed"]["meta"][f"{user.bin}.json"]["version"]
    old = user.mirror.honest(f"/tuf/{version}.{user.bin}.json")
    user.update()
    user.mirror.lie(f".{user.bin}.json", old)
    assert "says less than it did before" in await user.refused("mix-and-match: an old bin under a new snapshot")


async def test_after_every_refusal_an_honest_answer_is_believed_again(user):
    user.update()
    portal = Answer(200, b"<html>please sign in</html>", {"content-type": "text/html"})
    user.mirror.lies.append(lambda path, _: portal if path.startswith("/tuf/") else None)
    await user.refused("captive portal, and then none")
    user.mirror.lies.clear()
    await user.install()
    assert user.installed() == {user.id: "1.1.0"}
