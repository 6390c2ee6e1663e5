"""A plugin's process that asks its host for whatever it likes: what it holds is bounded, and no name is looked up."""

from __future__ import annotations

import logging
import resource
import time
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import pytest
from jackfield.api import Event
from jackfield.errors import PluginError, UsageError
from jackfield.host.facets import caused_by
from jackfield.host.remote.facets import api
from jackfield.host.remote.facets.holding import (
    MOST_FILES,
    MOST_PARCEL_BYTES,
    MOST_PARCELS,
    MOST_SUBSCRIPTIONS,
    MOST_TABLES,
    Holding,
)
from jackfield.permissions import Permission
from jackfield.runtime import PART_BYTES

from tests.support.refusals import refused

pytestmark = pytest.mark.slow

NAMES = [
    "__class__",
    "__init__",
    "_api",
    "check.__globals__",
    "messages.send.__func__",
    "said.append",
    "mro",
    "",
    ".",
    "messages\0",
]


class TestNumbers:
    async def test_unknown_handles_are_refused_and_closing_them_does_nothing(self, hostile):
        _, line = hostile
        for number in (0, -1, 7, 2**53):
            await line.call("subscription.close", {"subscription": number})
            await line.call("file.close", {"file": number})
            await line.call("parcel.drop", {"parcel": number})
            await refused(line, "file.read", {"file": number}, "and there is none")
            await refused(line, "services.call", {"service": number, "method": "greet"}, "and there is none")
            await refused(line, "parcel.fetch", {"parcel": number}, "and there is none")
            await refused(line, "storage.set", {"key": "a", "value": None, "parcel": number}, "and there is none")

    async def test_a_handler_that_nobody_has_is_the_plugins_failure(self, hostile):
        side, line = hostile
        subscription = await line.call("events.on", {"event": "own", "handler": 99})
        before = side.host.plugins.status("probe").errors
        await line.call("events.emit", {"event": "own"})
        assert side.host.plugins.status("probe").errors == before + 1
        await line.call("subscription.close", {"subscription": subscription})
        await line.call("events.emit", {"event": "own"})
        assert side.host.plugins.status("probe").errors == before + 1

    async def test_ten_thousand_subscriptions_are_not_kept(self, hostile):
        side, line = hostile
        begun = len(side.wiring.scope.begun)
        failed = 0
        for _ in range(MOST_SUBSCRIPTIONS + 20):
            try:
                await line.call("events.on", {"event": "own", "handler": 1})
            except PluginError as error:
                assert f"probe holds {MOST_SUBSCRIPTIONS} subscriptions" in str(error)  # noqa: PT017 (of many calls)
                failed += 1
        assert failed == 20
        assert len(side.wiring.scope.begun) <= begun + MOST_SUBSCRIPTIONS + 1
        side.wiring.scope.close()
        side.wiring.scope.open()
        await line.call("events.on", {"event": "own", "handler": 1})

    async def test_what_is_said_of_all_that_was_begun_is_bounded(self, hostile):
        _, line = hostile
        told = {"component": {"type": "text", "text": "x" * 900_000}}
        numbers = [await line.call("ui.add_component", {"name": f"c{number}", **told}) for number in range(18)]
        await refused(line, "ui.add_component", {"name": "more", **told}, "keep more than 16 MiB of what it began")
        await line.call("subscription.close", {"subscription": numbers[0]})
        await line.call("ui.add_component", {"name": "more", **told})

    async def test_open_files_are_bounded_where_the_host_keeps_them(self, hostile, tmp_path):
        _, line = hostile
        file = tmp_path / "file"
        file.write_text("text")
        for _ in range(MOST_FILES):
            await line.call("files.open", {"path": str(file)})
        await refused(line, "files.open", {"path": str(file)}, "probe holds 64 open files")

    async def test_tables_are_bounded(self, hostile):
        _, line = hostile
        for number in range(MOST_TABLES):
            await line.call("storage.table", {"name": f"t{number}", "columns": {"a": "str"}})
        await refused(line, "storage.table", {"name": "more", "columns": {"a": "str"}}, "more than 100 tables")
        await refused(line, "table.count", {"table": "more"}, "which it has not declared")

    async def test_parcels_are_bounded_in_number_and_in_bytes(self, hostile):
        _, line = hostile
        part = b"0" * PART_BYTES
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        parcel = await line.call("parcel.add", {"part": part})
        sent = PART_BYTES
        while sent + PART_BYTES <= MOST_PARCEL_BYTES:
            await line.call("parcel.add", {"part": part, "parcel": parcel})
            sent += PART_BYTES
        await refused(line, "parcel.add", {"part": part, "parcel": parcel}, "more than 80 MiB wait")
        await line.call("parcel.drop", {"parcel": parcel})
        for _ in range(MOST_PARCELS):
            await line.call("parcel.add", {"part": b"0"})
        await refused(line, "parcel.add", {"part": b"0"}, "probe holds 256 parcels")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 << 10  # KiB

    @pytest.mark.parametrize("attack", ["keys that collide", "too many values", "too deep"])
    async def test_what_is_sent_in_parts_has_the_bounds_of_a_frame(self, hostile, attack):
        _, line = hostile
        data, said = {
            "keys that collide": (
                b"\xdf\x00\x00\x04\x00" + b"\x92\xcc\x80\x01\x00" * 1024 + bytes(10_000),
                "a key of a map",
            ),
            "too many values": (b"\xdd\x00\x07\x00\x00" + b"\x90" * (7 << 16), "holds more than 200000 others"),
            "too deep": (b"\x91" * 100_000 + b"\xc0", "nested more than 128 deep"),
        }[attack]
        parcel = await line.call("parcel.add", {"part": data})
        begun = time.process_time()
        await refused(
            line, "storage.set", {"key": "k", "value": None, "parcel": parcel}, f"sent in parts does not fit.*{said}"
        )
        assert time.process_time() - begun < 10

    async def test_services_that_are_gone_make_room(self, hostile):
        side, line = hostile
        first = await line.call("services.get", {"service": "greeter"})
        assert first == await line.call("services.get", {"service": "greeter"}), "one number for one service"
        await side.host.reload("peer")
        assert (await line.call("services.get", {"service": "greeter"}))["service"] == first["service"]


class TestNames:
    @pytest.mark.parametrize("name", NAMES)
    async def test_none_reaches_beyond_a_service(self, hostile, name):
        _, line = hostile
        found = await line.call("services.get", {"service": "greeter"})
        await refused(line, "services.call", {"service": found["service"], "method": name, "arguments": []})

    @pytest.mark.parametrize("name", [*NAMES, "on_loop", "_target", "__getattr__"])
    async def test_none_reaches_beyond_a_service_as_a_member(self, hostile, name):
        _, line = hostile
        await refused(line, "services.call", {"service": 1, "method": name})
        asked = {"service": "Greeter", "members": [name, "greet"]}
        if name.isidentifier() and not name.startswith("_"):
            await refused(line, "services.get", asked, f"it lacks {name}")
        else:  # no method has such a name, so it is not looked for
            assert (await line.call("services.get", asked))["name"] == "greeter"

    @pytest.mark.parametrize("name", NAMES)
    async def test_none_reaches_beyond_the_api(self, hostile, name):
        side, line = hostile
        reached = (
            ["messages", name],
            ["messages", "lobby"],
            ["messages", "send", name],
            ["check"],
            ["said"],
            ["plugin"],
        )
        for path in (name.split("."), [name], *reached):
            await refused(line, "api.call", {"path": path, "arguments": [], "keywords": {}})
        assert side.served.keys().isdisjoint({f"api.{name}"})

    async def test_a_service_is_offered_with_plain_names_alone(self, hostile):
        side, line = hostile
        told = {"service": "odd", "handler": 1, "methods": ["greet", "__class__", "_secret", "no name", "__getattr__"]}
        await line.call("services.provide", told)
        handle = await side.wiring.context.services.get("odd")
        assert callable(handle.greet)
        for name in ("_secret", "no name", "keys"):
            with pytest.raises(AttributeError):
                getattr(handle, name)
        too_many = {"service": "wide", "handler": 1, "methods": [f"m{number}" for number in range(1000)]}
        await refused(line, "services.provide", too_many, "at most 500 methods")


class Door(Protocol):
    """The published part of an object that has more."""

    async def knock(self, times: int) -> str: ...

    @property
    def colour(self) -> str: ...


@dataclass
class Room:
    """What a host hands out: its protocol has two names of it."""

    colour: str = "red"
    secret: str = "hidden"

    async def knock(self, times: int) -> str:
        return "knock " * times

    def unlock(self) -> str:
        return self.secret

    def _unlock(self) -> str:
        return self.secret

    @property
    def _key(self) -> str:
        return self.secret


async def test_of_an_api_with_a_protocol_nothing_else_is_served(hostile):
    side, _ = hostile

    class WithApi:
        api = Room()

    holding = Holding("probe", side.wiring.scope, side.wiring.threads)
    assert set(api.api_served(WithApi(), holding, Door)) == {"api.knock", "api.colour"}  # type: ignore[arg-type]  # only `api` is read
    untyped = api.api_served(WithApi(), holding, None)  # type: ignore[arg-type]  # only `api` is read
    assert set(untyped) == {"api.call"}
    answered = await untyped["api.call"].function(path=["unlock"])
    assert msgspec.msgpack.decode(answered.value) == "hidden"  # of a public method of its class
    for path in (["secret"], ["unlock", "__self__"], ["__class__"], ["knock", "__func__"], ["_unlock"], ["_key"]):
        with pytest.raises(UsageError, match="has no method"):
            await untyped["api.call"].function(path=path)


class TestLines:
    async def test_a_log_line_is_the_plugins_own_whatever_it_says_of_itself(self, hostile, caplog):
        _, line = hostile
        told = {
            "level": 10**9,
            "message": "x" * 100_000,
            "name": "../jackfield.host",
            "extra": {"name": "root", "levelno": 0, "args": [1], "msg": "other", "k": 1},
        }
        await line.call("log", told)
        (record,) = [one for one in caplog.records if one.getMessage().startswith("xxx")]
        assert record.name.startswith("chat.plugins.probe.")
        assert (record.levelno, len(record.getMessage())) == (50, 16_000)
        assert record.k == 1

    async def test_what_a_line_brings_along_takes_no_place_of_the_records_own(self, hostile, caplog):
        _, line = hostile
        forged = {"name": "jackfield.host", "levelno": 10, "levelname": "DEBUG", "msg": "forged", "args": None}
        extra = {"__dict__": forged, "getMessage": "x", "__class__": "y", "_own": 2, "k": 1}
        await line.call("log", {"level": 40, "message": "mine", "extra": extra})
        (record,) = [one for one in caplog.records if one.getMessage() == "mine"]
        assert (record.name, record.levelname, record.k) == ("chat.plugins.probe", "ERROR", 1)
        assert "forged" not in caplog.text

    async def test_a_line_cannot_be_taken_for_two_and_moves_no_cursor(self, hostile, caplog):
        _, line = hostile
        evil = "one \x1b[2J\nERROR jackfield.host: forged"
        await line.call("log", {"level": 40, "message": evil, "exception": evil})
        (record,) = [one for one in caplog.records if one.getMessage().startswith("one ")]
        shown = "one \\x1b[2J\n    ERROR jackfield.host: forged"
        assert record.getMessage() == record.exc_text == shown

    @pytest.mark.feature("C27")
    async def test_a_flood_of_lines_is_dropped_and_counted(self, hostile, caplog):
        side, line = hostile
        for number in range(1000):
            await line.call("log", {"level": 30, "message": f"line {number}"})
        lines = [one.getMessage() for one in caplog.records if one.getMessage().startswith("line ")]
        assert 100 <= len(lines) < 1000
        (said,) = {one.getMessage() for one in caplog.records if "the rest is dropped" in one.getMessage()}
        assert said == "probe writes more than 100 lines of log a second; the rest is dropped"
        assert line.ended is None
        assert len(side.host.logs.lines("probe")) >= len(lines)

    async def test_lines_of_many_names_and_of_any_time_leave_nothing_behind(self, hostile, caplog):
        side, line = hostile
        before = len(logging.Logger.manager.loggerDict)
        for number in range(200):
            await line.call("log", {"level": 40, "message": f"line {number}", "name": f"n{number}", "created": 1e300})
        assert len(logging.Logger.manager.loggerDict) - before <= 60
        assert all(abs(record.created - time.time()) < 60 for record in caplog.records)
        kept = side.host.logs.lines("probe")
        assert "ERROR" in [one.to_mapping()["level"] for one in kept]

    async def test_a_chain_that_is_made_up_has_nobody_who_hears_it_blamed(self, hostile):
        side, line = hostile
        bus, heard = side.host.events, []

        async def innocent(event: Event[Any]) -> None:
            await bus.emit(Event("plugin:friend:answer", "friend", {}))
            heard.append(event.name)

        bus.listen("plugin:probe:own", "", innocent)
        for many in (32, 10_000):
            await line.call("events.emit", {"event": "own", "chain": ["plugin:probe:own"] * (many - 1)})
        assert heard == ["plugin:probe:own"] * 2

    async def test_a_chain_that_another_one_hears_is_none_of_its_own(self, hostile):
        side, line = hostile
        bus, heard, failed = side.host.events, [], []
        long = tuple(f"plugin:friend:{number}" for number in range(40))

        async def innocent(event: Event[Any]) -> None:
            try:
                await bus.emit(Event("plugin:friend:answer", "friend", {}))
            except PluginError as error:
                failed.append(str(error))

        async def meanwhile(event: Event[Any]) -> None:
            heard.append(bus.hears("friend", (*long, event.name)))
            await line.call("events.emit", {"event": "own", "chain": [*long, event.name]})

        bus.listen("plugin:probe:own", "friend", innocent)
        bus.listen("plugin:other:long", "friend", meanwhile)
        with caused_by(long):
            await bus.emit(Event("plugin:other:long", "other", {}))
        assert heard == [True]
        assert failed == []


class TestGrants:
    async def test_what_was_taken_back_is_refused_over_the_link_too(self, hostile, profile, tmp_path):
        side, line = hostile
        (tmp_path / "diary").write_text("secret")
        diary = await line.call("files.open", {"path": str(tmp_path / "diary")})
        profile.enable("probe", permissions=[Permission("storage", ("read",))])
        await side.host.reload_changes()
        await refused(line, "file.read", {"file": diary["file"]}, "diary is closed")
        assert "probe may not storage:write" in await refused(line, "storage.set", {"key": "a", "value": 1})
        path = str(tmp_path / "f")
        assert "probe may not files:read" in await refused(line, "files.open", {"path": path})
        assert "probe may not network:connect" in await refused(
            line, "http.request", {"method": "GET", "url": "http://a/"}
        )
