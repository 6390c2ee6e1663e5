"""Names that are added, hidden or taken up by another index."""

from __future__ import annotations

from dataclasses import replace

import pytest
from jackfield.errors import MarketError

from tests.support.deceived import EVIL, TABLE
from tests.support.mirror import Answer
from tests.support.wheels import plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C36")]


async def test_an_unsigned_name(user):
    def renamed(path: str, **headers: str) -> Answer:
        honest: Answer = user.mirror.honest(path, **headers)
        return replace(honest, body=honest.body.replace(user.id.encode(), user.other.encode()))

    page = f"/simple/chat-{user.id}/"
    user.mirror.lie(f"/simple/chat-{user.other}/", renamed(page, accept="application/vnd.pypi.simple.v1+json"))
    for ending in ("", "/latest"):
        user.mirror.lie(f"/plugins/{user.other}{ending}", renamed(f"/plugins/{user.id}{ending}"))
    said = await user.refused("unsigned name: a project that was never signed", spec=user.other)
    assert "which it did not sign" in said


async def test_name_shadowing_by_a_second_index(user, second):
    second.publish(user.other, "9.0.0", code=EVIL)
    second.publish(user.id, "9.0.0", code=EVIL)
    user.urls = [user.mirror.url, second.url]
    user.market.publish(user.other, "1.0.0")
    await user.install(user.other)
    await user.install(user.id)
    assert user.installed() == {user.id: "1.0.0", user.other: "1.0.0"}
    TABLE["name shadowing: a second index with higher versions"] = "nothing: the first that holds a name is its source"


async def test_a_name_is_hidden_so_that_a_second_index_may_take_it(user, second):
    user.market.publish(user.other, "1.0.0")
    second.publish(user.other, "9.0.0", code=EVIL)
    user.urls = [user.mirror.url, second.url]
    user.mirror.lie(f"/simple/chat-{user.other}/", Answer(404, b""))
    said = await user.refused("name shadowing: the first index is made to say that it has none", spec=user.other)
    assert f"signed a page of chat-{user.other}, and says that it has no such project" in said


async def test_a_name_is_sent_to_another_index(user):
    user.market.publish(user.other, "1.0.0")
    upstream = f"{user.mirror.url}/evil/"
    elsewhere = {"location": f"{upstream}chat-{user.other}/", "jackfield-upstream": upstream}
    user.mirror.lie(f"/simple/chat-{user.other}/", Answer(302, b"", elsewhere))
    said = await user.refused("a name that is held, sent on to an upstream", spec=user.other)
    assert f"signed a page of chat-{user.other}, and sends us to another index for it" in said


async def test_an_id_is_hidden_so_that_a_second_index_may_take_it(user, second):
    """Which project has an id stands on pages that nobody signs; the second index has another name for its project."""
    user.market.publish(user.other, "1.0.0")
    source = plugin_source(user.other, "9.0.0", code=EVIL)
    source.name = f"chat-{user.other}-evil"
    second.accept(source.build(second.wheels))
    user.urls = [user.mirror.url, second.url]
    for ending in ("", "/latest"):
        user.mirror.lie(f"/plugins/{user.other}{ending}", Answer(404, b""))
    said = await user.refused("name shadowing: the first index is made to say that it has no such id", spec=user.other)
    assert f"says that it has no plugin {user.other}, and signed that it has" in said
    lead = f"chat-{user.other}".encode(), source.name.encode()
    for ending in ("", "/latest"):
        user.mirror.lie(
            f"/plugins/{user.other}{ending}", lambda honest: replace(honest, body=honest.body.replace(*lead))
        )
    said = await user.refused("name shadowing: the first index is made to lead an id to a second's", spec=user.other)
    assert f"says that {user.other} is in {source.name}, and signed something else" in said
    user.mirror.lies.clear()
    plan = await user.management.plan_install([user.other])
    assert not [note for note in plan.notes if "is known by its root from now on" in note]  # the first one is known
    await user.install(user.other)
    assert user.installed() == {user.id: "1.0.0", user.other: "1.0.0"}


async def test_an_id_that_another_plugin_needs_is_led_to_a_third(user):
    user.market.publish(user.other, "1.0.0")
    user.market.publish(f"{user.id}-evil", "1.0.0", code=EVIL)
    user.market.publish(f"{user.id}-asks", "1.0.0", more=f'[requires]\n"{user.other}" = ">=1.0"')

    def renamed(honest):
        return replace(honest, body=honest.body.replace(f"chat-{user.other}".encode(), f"chat-{user.id}-evil".encode()))

    for ending in ("", "/latest"):
        user.mirror.lie(f"/plugins/{user.other}{ending}", renamed)
    with pytest.raises(MarketError, match=f"is in chat-{user.id}-evil, but that is the plugin {user.id}-evil") as told:
        await user.install(f"{user.id}-asks")
    assert user.installed() == {user.id: "1.0.0"}
    TABLE["an id that another plugin needs, led to a third"] = told.value.message.replace(user.id, "poll")
