"""Events in a running host: order, names, and who may hear what."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jackfield.api import Event
from jackfield.errors import PluginError, UsageError
from jackfield.host import EventBus
from jackfield.host.facets.events import LONGEST_CHAIN, MOST_OF_ONE
from jackfield.manifest import read_hostfile
from jackfield.runtime import Guard

from tests.support.events import CHAT, POLL, SENDS, asking, emit, heard, hearing
from tests.support.profiles import HOSTFILE


class TestBus:
    @pytest.fixture
    def bus(self) -> EventBus:
        return EventBus(Guard(lambda *_: None).run, CHAT.events)

    @pytest.mark.feature("M27", "U6")
    async def test_low_numbers_hear_first_and_equal_ones_in_the_order_in_which_they_came(self, bus):
        order: list[str] = []

        async def late(_: object) -> None:
            order.append("late")

        bus.listen("plugin:poll:voted", "", late, priority=2000)
        for name in ("first", "second"):
            bus.listen("plugin:poll:voted", "", lambda _, name=name: order.append(name))
        bus.listen("plugin:*", "", lambda _: order.append("wildcard"), priority=500)
        bus.listen("plugin:poll:voted", "", lambda _: order.append("early"), priority=-1)
        await bus.emit(Event("plugin:poll:voted", "poll"))
        assert order == ["early", "wildcard", "first", "second", "late"]

    @pytest.mark.feature("M27")
    async def test_one_that_fails_does_not_keep_the_next_from_hearing(self, bus):
        order: list[str] = []

        def fail(_: object) -> None:
            raise ValueError("no")

        bus.listen("plugin:poll:voted", "bad", fail)
        bus.listen("plugin:poll:voted", "good", lambda event: order.append(event.data["choice"]))
        await bus.emit(Event("plugin:poll:voted", "poll", {"choice": "tea"}))
        assert order == ["tea"]

    async def test_one_that_ends_while_an_event_is_told_disturbs_nobody(self, bus):
        order: list[str] = []
        ends: list[Callable[[], None]] = []

        def once(_: object) -> None:
            order.append("once")
            ends[0]()
            ends[0]()

        ends.append(bus.listen("plugin:poll:voted", "", once))
        bus.listen("plugin:poll:voted", "", lambda _: order.append("always"))
        for _ in range(2):
            await bus.emit(Event("plugin:poll:voted", "poll"))
        assert order == ["once", "always", "always"]

    async def test_one_that_an_earlier_one_ended_hears_no_more(self, bus):
        order: list[str] = []
        ends: list[Callable[[], None]] = []

        def end_the_next(_: object) -> None:
            order.append("first")
            ends[0]()

        bus.listen("plugin:poll:voted", "", end_the_next)
        ends.append(bus.listen("plugin:poll:voted", "", lambda _: order.append("ended")))
        bus.listen("plugin:*", "", lambda _: order.append("last"))
        await bus.emit(Event("plugin:poll:voted", "poll"))
        assert order == ["first", "last"]

    async def test_one_that_comes_while_an_event_is_told_hears_the_next_one(self, bus):
        order: list[str] = []
        bus.listen(
            "plugin:poll:voted", "", lambda _: bus.listen("plugin:poll:voted", "", lambda _: order.append("new"))
        )
        await bus.emit(Event("plugin:poll:voted", "poll"))
        assert order == []
        await bus.emit(Event("plugin:poll:voted", "poll"))
        assert order == ["new"]

    @pytest.mark.parametrize(
        ("listened", "hears"),
        [
            ("*", {"plugin:poll:voted", "plugin:Poll-Two:voted", "host:opened"}),
            ("plugin:*", {"plugin:poll:voted", "plugin:Poll-Two:voted"}),
            ("plugin:poll_two:*", {"plugin:Poll-Two:voted"}),
            ("plugin:POLL:voted", {"plugin:poll:voted"}),
            ("host:*", {"host:opened"}),
        ],
    )
    async def test_names_and_wildcards(self, bus, listened, hears):
        names: set[str] = set()
        bus.listen(listened, "", lambda event: names.add(event.name))
        for name in ("plugin:poll:voted", "plugin:Poll-Two:voted", "host:opened"):
            await bus.emit(Event(name, "poll"))
        assert names == hears

    async def test_events_that_cause_each_other_in_a_circle_are_told_as_one(self, bus):
        failures: list[BaseException] = []

        async def again(event: Event) -> None:
            there = {"plugin:a:x": "plugin:b:y", "plugin:b:y": "plugin:a:x"}[event.name]
            try:
                await bus.emit(Event(there, "a"))
            except PluginError as error:
                failures.append(error)

        bus.listen("plugin:*", "", again)
        await bus.emit(Event("plugin:a:x", "a"))
        assert [str(error) for error in failures] == [
            "events cause each other in a circle: plugin:a:x → plugin:b:y → plugin:a:x"
        ]

    async def test_who_hears_a_long_chain_of_others_is_not_blamed_for_it(self, bus):
        blamed: list[str | None] = []
        told: list[str] = []

        async def lead_on(event: Event) -> None:
            number = int(event.name.rpartition(":")[2])
            try:
                await bus.emit(Event(f"plugin:mallory:{number + 1}", "mallory"))
            except PluginError as error:
                blamed.append(error.plugin)
                told.append(str(error))

        async def answer(event: Event) -> None:
            await bus.emit(Event("plugin:alice:answer", "alice", {"to": event.name}))

        async def answer_the_answer(event: Event) -> None:
            await bus.emit(Event("plugin:bob:heard", "bob", event.data))

        heard: list[str] = []
        bus.listen("plugin:mallory:*", "mallory", lead_on)
        for number in (1, 31, 32):
            bus.listen(f"plugin:mallory:{number}", "alice", answer)
        bus.listen("plugin:alice:answer", "bob", answer_the_answer)
        bus.listen("plugin:bob:heard", "carol", lambda event: heard.append(event.data["to"]))
        await bus.emit(Event("plugin:mallory:1", "mallory"))
        assert heard == ["plugin:mallory:32", "plugin:mallory:31", "plugin:mallory:1"]
        assert blamed == ["mallory"]
        assert told[0].startswith("33 events cause each other, 33 of them sent by mallory: … → plugin:mallory:26 → ")

    async def test_a_long_chain_has_an_end_however_many_send_in_it(self, bus):
        depth = 0
        blamed: list[str | None] = []

        async def lead_on(event: Event) -> None:
            nonlocal depth
            depth += 1
            next_one = f"p{depth % 10}"
            try:
                await bus.emit(Event(f"plugin:{next_one}:e{depth}", next_one))
            except PluginError as error:
                blamed.append(error.plugin)

        bus.listen("plugin:*", "", lead_on)
        await bus.emit(Event("plugin:p0:e0", "p0"))
        assert depth <= LONGEST_CHAIN + 10 * MOST_OF_ONE
        assert len(blamed) == 1

    async def test_the_host_tells_only_what_it_declares(self, bus):
        with pytest.raises(UsageError, match=r"no event host:closed \(it declares: host:joined, host:opened\)"):
            await bus.send("closed")


class TestWhoMayHear:
    @pytest.mark.feature("C21")
    async def test_a_declared_dependency_is_heard_without_a_permission(self, profile, build, running):
        code = hearing("async def on_enable(self): self.context.events.on('plugin:poll:voted', HEARD.append)")
        profile.install(
            build("poll", code=POLL, more=SENDS), build("needing", code=code, more="[requires]\npoll = '*'\n")
        )
        profile.enable("poll", "needing")
        host = await running()
        await emit(host, "poll", "voted", {"choice": "tea"})
        assert [(event.name, event.plugin, event.data) for event in heard("needing")] == [
            ("plugin:poll:voted", "poll", {"choice": "tea"})
        ]
        assert host.plugins.status("needing").refusals == {}

    @pytest.mark.feature("C21")
    async def test_any_other_needs_the_permission_also_later(self, profile, build, running):
        code = hearing("async def on_enable(self): self.context.events.on('plugin:poll:voted', HEARD.append)")
        profile.install(
            build("poll", code=POLL, more=SENDS), build("curious", code=code, permissions=asking("events", "listen"))
        )
        profile.enable("poll", "curious")
        host = await running()
        await emit(host, "poll", "voted")
        profile.enable("curious", permissions=[])
        await host.reload_changes()
        await emit(host, "poll", "voted")
        assert len(heard("curious")) == 1

    async def test_watching_everything_needs_a_permission_of_its_own(self, profile, build, running):
        code = hearing("async def on_enable(self): self.context.events.on('plugin:*', HEARD.append)")
        profile.install(
            build("poll", code=POLL, more=SENDS),
            build("watcher", code=code, permissions=asking("events", "observe")),
            build("nosy", code=code, permissions=asking("events", "listen")),
        )
        profile.enable("poll", "watcher", "nosy")
        host = await running()
        await emit(host, "poll", "voted")
        assert [event.name for event in heard("watcher")] == ["plugin:poll:voted"]
        assert "nosy may not events:observe" in host.plugins.status("nosy").problem

    async def test_an_event_of_the_host_needs_what_its_host_file_says(self, profile, build, running):
        code = hearing(
            "async def on_enable(self): self.context.events.on('host:*', HEARD.append)",
        )
        profile.install(build("greeter", code=code, permissions=asking("members", "read")))
        profile.enable("greeter")
        host = await running(hostfile=CHAT)
        for event in ("joined", "opened"):
            await host.events.send(event, {"who": "alice"})
        profile.enable("greeter", permissions=[])
        await host.reload_changes()
        for event in ("joined", "opened"):
            await host.events.send(event)
        assert [event.name for event in heard("greeter")] == ["host:joined", "host:opened", "host:opened"]

    @pytest.mark.parametrize(
        "name", ["", "plugin:", "plugin:poll", "plugin:a:b:c", "plugin:p*:x", "other:x", "host:no"]
    )
    async def test_what_is_no_event_is_refused(self, profile, build, running, name):
        profile.install(build("poll", code=POLL))
        profile.enable("poll")
        host = await running(hostfile=CHAT)
        with pytest.raises(UsageError):
            host.plugins.record("poll").wiring.context.events.on(name, print)


@pytest.mark.feature("U7")
async def test_nothing_is_sent_from_on_load_or_after_on_disable(profile, build, running):
    code = "from jackfield import Plugin\n\nclass Main(Plugin):\n"
    code += "    async def on_load(self, previous): await self.context.events.emit('voted')\n"
    profile.install(build("hasty", code=code, more=SENDS))
    profile.enable("hasty")
    host = await running()
    problem = "hasty is not enabled, so it cannot send plugin:hasty:voted (send events in on_enable or later)"
    assert problem in host.plugins.status("hasty").problem


@pytest.mark.feature("K20", "K27")
async def test_a_plugin_that_a_listener_disables_does_not_hear_what_is_told_just_then(profile, build, running):
    first = """
async def on_enable(self): self.context.events.on("plugin:poll:voted", self.switch, priority=1)
async def switch(self, event): await self.context.plugins.disable("second")
"""
    second = """
async def on_enable(self): self.context.events.on("plugin:poll:voted", self.hear, priority=2)
async def on_disable(self): HEARD.append("on_disable")
async def hear(self, event): HEARD.append("event")
"""
    listens = asking("events", "listen")
    profile.install(
        build("poll", code=POLL, more=SENDS),
        build("first", code=hearing(first), permissions=listens + asking("plugins", "manage")),
        build("second", code=hearing(second), permissions=listens),
    )
    profile.enable("poll", "first", "second")
    host = await running(hostfile=CHAT)
    await emit(host, "poll", "voted")
    assert host.plugins.status("first").problem == ""
    assert heard("second") == ["on_disable"]


@pytest.mark.feature("U6")
@pytest.mark.parametrize("priority", [float("nan"), 1.5, "first", None])
async def test_a_priority_that_has_no_place_in_the_order_is_refused(profile, build, running, priority):
    profile.install(build("poll", code=POLL))
    profile.enable("poll")
    host = await running(hostfile=CHAT)
    with pytest.raises(UsageError, match="poll: a priority is a whole number"):
        host.plugins.record("poll").wiring.context.events.on("voted", print, priority=priority)


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ('[events.disable]\ndescription = "x"', "does not fit"),
        (
            '[events.joined]\nneeds = "members:burn"',
            "events.joined.needs: 'members:burn' is no action that Chat offers",
        ),
    ],
)
def test_a_wrong_event_in_a_host_file_is_named(event, sentence):
    from jackfield.errors import ManifestError

    with pytest.raises(ManifestError, match=sentence):
        read_hostfile(f"{HOSTFILE}\n{event}\n", source="host.toml")
