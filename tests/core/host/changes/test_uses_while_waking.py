"""Every use of a plugin that is loaded on demand reaches it, also one that comes while another one brings it up."""

from __future__ import annotations

import asyncio

import pytest
from jackfield.errors import PluginError, UnknownPlugin
from jackfield.storage import FILES

from tests.support.sleepers import Held, Specs, sleeper, user
from tests.support.speakers import Speaker

pytestmark = pytest.mark.slow


ISOLATIONS = pytest.mark.parametrize("isolation", ["inline", "worker"])


@pytest.fixture
def started(profile, build, running):
    """Start a host with the sleeper `a` and its `user`, and return it with what holds the start of `a`."""

    async def start(isolation: str = "inline", *others, **options):
        profile.install(sleeper(build, "a", **options), user(build), *others)
        profile.enable("a", "user", *(one.name.split("-")[0].removeprefix("chat_") for one in others),
                       isolation=isolation)  # fmt: skip
        host = await running(specs=Specs)
        assert host.plugins.status("a").state == "resolved"
        return host, Held(profile.layout.data("a") / FILES)

    return start


async def settled(*tasks: asyncio.Task[object]) -> None:
    """Let everything go on that does not wait for another process or for a time."""
    for _ in range(50):
        await asyncio.sleep(0)
    assert not [task for task in tasks if task.done()]


async def said(host, line: str) -> list[str]:
    speaker = Speaker()
    assert await host.commands.dispatch(line, speaker)
    return speaker.answers


async def drawn(host):
    """Draw the box; a page does not wait for long, and draws it again when it is told to."""
    while "is still being loaded" in (box := await host.ui.draw("a:box")).error:
        pass
    return box.error or box.component.text


async def chosen(host, name: str) -> str:
    await host.ui.choose("a:open", name)
    return name


USED = {
    "hook": (lambda host, what: host.call.heard(text=what), "{}!"),
    "command": (lambda host, what: said(host, f"count {what}"), None),
    "service": (lambda host, what: said(host, f"use {what}"), ["counted {}"]),
    "event": (lambda host, what: said(host, f"ring {what}"), ["rang {}"]),
    "menu": (chosen, "{}"),
    "component": (lambda host, what: drawn(host), "drawn"),
}


@ISOLATIONS
@pytest.mark.parametrize("way", USED)
@pytest.mark.feature("K2")
async def test_uses_that_come_while_the_first_one_wakes_it_reach_it_once_and_in_their_order(started, isolation, way):
    host, held = await started(isolation)
    use, answer = USED[way]
    names = ["one", "two", "three"]
    uses = [asyncio.create_task(use(host, names[0]))]
    await held.begun()
    uses += [asyncio.create_task(use(host, name)) for name in names[1:]]
    await settled(*uses)
    held.go_on()
    answers = await asyncio.gather(*uses)
    if answer is not None:
        assert answers == [answer.format(name) if isinstance(answer, str) else [answer[0].format(name)]
                           for name in names]  # fmt: skip
    (used,) = await said(host, "count")
    if isolation == "worker" and way in ("service", "event"):  # the user's process does not keep its commands in order
        used = " ".join(sorted(used.split(), key=names.index))
    assert used == ("nothing" if way == "component" else " ".join(names))
    assert host.plugins.status("a").state == "active"
    assert host.plugins.status("a").errors == 0


@ISOLATIONS
@pytest.mark.feature("K2", "M44")
async def test_what_it_declares_stays_on_the_page_and_in_help_while_it_comes_up(started, isolation):
    host, held = await started(isolation)
    first = asyncio.create_task(host.call.heard(text="one"))
    await held.begun()
    assert [one.item.label for one in host.ui.menu()] == ["Open"]
    assert host.commands.has("count")
    assert host.plugins.status("a").note == ""
    page = asyncio.create_task(host.ui.components())
    twice = asyncio.create_task(said(host, "count twice"))
    await settled(first, page, twice)
    held.go_on()
    assert await first == "one!"
    (box,) = await page
    assert box.component.text == "drawn" or "is still being loaded" in box.error
    assert await twice == ["one one"]
    assert [one.item.label for one in host.ui.menu()] == ["Open it"]
    assert [one.component.text for one in await host.ui.components()] == ["drawn"]


@ISOLATIONS
@pytest.mark.feature("K2")
async def test_a_hook_that_nobody_awaits_waits_in_a_thread_and_is_missed_on_the_loop(started, isolation, caplog):
    host, held = await started(isolation)
    first = asyncio.create_task(asyncio.to_thread(host.hook.asked))
    await held.begun()
    second = asyncio.create_task(asyncio.to_thread(host.hook.asked))
    assert host.hook.asked() == []
    assert "a misses this call of hook asked, which nobody awaits: its start has to wait" in caplog.text
    await settled(first, second)
    held.go_on()
    assert list(await asyncio.gather(first, second)) == [["here"], ["here"]]
    assert await asyncio.to_thread(host.hook.asked) == ["here"]


@ISOLATIONS
@pytest.mark.feature("K2")
async def test_the_second_use_is_answered_where_the_first_one_is_given_up(started, isolation):
    host, held = await started(isolation)
    first = asyncio.create_task(host.call.heard(text="one"))
    await held.begun()
    second = asyncio.create_task(host.call.heard(text="two"))
    await settled(first, second)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    held.go_on()
    assert await second == "two!"
    assert await said(host, "count") == ["two"]


@ISOLATIONS
@pytest.mark.feature("K2", "M43")
async def test_uses_of_a_plugin_that_fails_on_its_way_up_have_the_same_answer_also_later(started, isolation):
    host, held = await started(isolation, end="raise ValueError('boom')")
    first = asyncio.create_task(said(host, "count one"))
    await held.begun()
    uses = [asyncio.create_task(said(host, "count two")), asyncio.create_task(chosen(host, "alice"))]
    filtered = asyncio.create_task(host.call.heard(text="hi"))
    await settled(first, *uses, filtered)
    held.go_on()
    (told,) = await first
    assert told.startswith("a could not be started: ")
    assert "boom" in told
    assert await uses[0] == [told]
    with pytest.raises(PluginError, match=r"a could not be started: .*boom"):
        await uses[1]
    assert await filtered == "hi"
    status = host.plugins.status("a")
    assert status.state == "failed"
    assert status.problem in told
    assert await said(host, "count") == [told]
    with pytest.raises(UnknownPlugin):
        await host.ui.choose("a:open", "alice")
    await host.disable("a")
    assert not host.commands.has("count")


@ISOLATIONS
@pytest.mark.feature("K2", "M43")
async def test_a_command_says_why_its_plugin_failed_also_where_another_one_woke_it(started, build, isolation):
    needs = sleeper(build, "top", 'hooks = ["asked"]', code="raise TypeError", more='[requires]\na = "*"\n')
    host, held = await started(isolation, needs, end="raise ValueError('boom')")
    held.go_on()
    assert await asyncio.to_thread(host.hook.asked) == []
    assert host.plugins.status("top").state == "blocked"
    (told,) = await said(host, "count")
    assert told == f"a could not be started: {host.plugins.status('a').problem}"


@ISOLATIONS
@pytest.mark.feature("K2")
async def test_one_that_failed_and_is_tried_again_is_waited_for(started, profile, isolation):
    host, held = await started(isolation, end="assert (place / 'mended').exists(), 'boom'")
    held.go_on()
    assert "boom" in (await said(host, "count"))[0]
    folder = profile.layout.data("a") / FILES
    (folder / "mended").touch()
    (folder / "begun").unlink()
    (folder / "go").unlink()
    again = asyncio.create_task(host.enable("a"))
    await held.begun()
    use = asyncio.create_task(said(host, "count one"))
    await settled(again, use)
    held.go_on()
    assert (await again).state == "active"
    assert await use == ["one"]


@ISOLATIONS
@pytest.mark.feature("K2", "K20")
@pytest.mark.parametrize("order", ["disable", "unload", "reload", "stop"])
async def test_what_is_ordered_meanwhile_comes_after_the_uses(started, isolation, order):
    host, held = await started(isolation)
    first = asyncio.create_task(host.call.heard(text="one"))
    await held.begun()
    ordered = asyncio.create_task(host.stop() if order == "stop" else getattr(host, order)("a"))
    second = asyncio.create_task(host.call.heard(text="two"))
    await settled(first, ordered, second)
    held.go_on()
    assert list(await asyncio.gather(first, second)) == ["one!", "two!"]
    await ordered
    if order == "reload":
        assert await host.call.heard(text="three") == "three!"
    else:
        assert await host.call.heard(text="three") == "three"
        assert not host.commands.has("count")


@ISOLATIONS
@pytest.mark.feature("K2", "J17")
async def test_uses_wait_for_it_however_it_is_loaded(started, isolation):
    host, held = await started(isolation)
    loaded = asyncio.create_task(host.load("a"))
    await held.begun()
    uses = [asyncio.create_task(host.call.heard(text="one")), asyncio.create_task(said(host, "use two"))]
    await settled(loaded, *uses)
    held.go_on()
    assert await asyncio.gather(*uses) == ["one!", ["counted two"]]
    assert (await loaded).state == "active"


@ISOLATIONS
@pytest.mark.feature("K2")
async def test_a_use_that_waits_for_another_change_is_not_lost_when_that_exchanges_it(
    started, profile, build, isolation
):
    slow = "import asyncio\nfrom jackfield import Plugin\nclass Main(Plugin):\n    async def on_enable(self):\n"
    slow += "        place = self.context.data_dir\n        (place / 'begun').touch()\n"
    slow += "        while not (place / 'go').exists():\n            await asyncio.sleep(0.005)\n"
    host, held = await started(isolation)
    held.go_on()
    profile.install(sleeper(build, "a"), user(build), build("slow", code=slow, isolation="any"))
    profile.enable("slow", isolation=isolation)
    change = asyncio.create_task(host.reload_changes())
    other = Held(profile.layout.data("slow") / FILES)
    await other.begun()
    use = asyncio.create_task(host.call.heard(text="one"))
    await settled(change, use)
    other.go_on()
    assert await use == "one!"
    await change


@ISOLATIONS
@pytest.mark.feature("K2")
async def test_a_hook_reaches_it_once_whenever_it_comes(started, isolation):
    host, held = await started(isolation)
    sent = 0

    async def send():
        nonlocal sent
        sent += 1
        return await host.call.heard(text=f"{sent}")

    uses = [asyncio.create_task(send())]
    await held.begun()
    held.go_on()
    while host.plugins.status("a").state != "active":
        uses.append(asyncio.create_task(send()))
        await asyncio.sleep(0)
    uses += [asyncio.create_task(send()) for _ in range(10)]
    assert await asyncio.gather(*uses) == [f"{number}!" for number in range(1, sent + 1)]
    (used,) = await said(host, "count")
    assert sorted(map(int, used.split())) == list(range(1, sent + 1))


async def test_a_hook_is_compiled_once_nobody_waits_for_it(started):
    host, held = await started()
    not_compiled = type(host.call.heard)
    first = asyncio.create_task(host.call.heard(text="one"))
    await held.begun()
    second = asyncio.create_task(host.call.heard(text="two"))
    await settled(first, second)
    assert type(host.call.heard) is not_compiled
    held.go_on()
    assert list(await asyncio.gather(first, second)) == ["one!", "two!"]
    assert type(host.call.heard) is not not_compiled
