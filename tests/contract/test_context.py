"""What `context` promises, facet by facet: one suite, the same wherever the plugin runs."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from datetime import UTC, datetime

import pytest
from jackfield.permissions import Permission

from tests.support.http_server import http_server
from tests.support.speakers import Speaker


class TestTranslations:
    async def test_each_user_has_a_language_of_their_own(self, stage):
        assert await stage.ask("probe say greeting") == "Hello alice"
        stage.languages["alice"] = "de_at"
        assert await stage.ask("probe say greeting") == "Servus alice"
        stage.languages["alice"] = "no language"
        stage.languages[None] = "de"
        assert await stage.ask("probe say greeting") == "Grüß dich, alice"

    async def test_what_is_missing_is_logged_once(self, stage, caplog):
        for _ in range(3):
            await stage.ask("probe say missing de")
        told = [record for record in caplog.records if "there is no text 'missing'" in record.message]
        assert [record.name for record in told] == ["chat.plugins.probe"]


class TestFiles:
    async def test_they_are_written_read_and_listed(self, stage, tmp_path):
        folder = tmp_path / "granted"
        folder.mkdir()
        await stage.grant(
            [Permission("files", ("read", "write"), paths=(str(folder),)), Permission("commands", ("register",))]
        )
        await stage.ask(f"probe files write {folder}/a.txt 0123456789")
        assert (folder / "a.txt").read_text() == "0123456789"
        assert await stage.ask(f"probe files read {folder}/a.txt") == "0123456789"
        assert json.loads(await stage.ask(f"probe files parts {folder}/a.txt")) == ["0123", "456789"]
        assert json.loads(await stage.ask(f"probe files list {folder}")) == ["a.txt"]
        assert json.loads(await stage.ask(f"probe files stat {folder}/a.txt")) == ["a.txt", "file", 10]
        (folder / "out").symlink_to("/etc")
        for path in (f"{tmp_path}/other", f"{folder}/out/passwd"):
            answer = await stage.ask(f"probe files read {path}")
            assert "may not files:read" in answer or "symbolic link out, which is not followed" in answer


async def test_what_the_system_says_is_told_as_it_says_it(stage, tmp_path):
    (tmp_path / "granted").mkdir()
    told = json.loads(await stage.ask(f"probe files missing {tmp_path}/granted/nothing"))
    assert told == [errno.ENOENT, os.strerror(errno.ENOENT), "nothing"]


async def test_what_is_larger_than_a_frame_goes_in_parts(stage, tmp_path):
    size = 5_000_001
    folder = tmp_path / "granted"
    folder.mkdir()
    assert await stage.ask(f"probe files large {folder}/a {size}") == str(size)
    assert (folder / "a").stat().st_size == size
    assert await stage.ask("probe storage large 1000000") == "1000000"
    async with http_server() as server:
        server.answers["/large"] = ("200 OK", b"y" * size)
        await stage.grant([Permission("network", ("connect",), hosts=(f"127.0.0.1:{server.port}",))])
        assert await stage.ask(f"probe http large {server.url}/large 2000000") == str(size)
        assert len(server.asked[-1].body) == 2_000_000


class TestMany:
    """A link carries 256 open calls at most; nobody who uses it has to know."""

    async def test_a_plugin_may_ask_for_much_at_once(self, stage):
        assert await stage.ask("probe storage many 600") == str(sum(range(600)))

    async def test_a_plugin_may_be_asked_for_much_at_once(self, stage):
        count = 400 if stage.isolation == "external" else 2000
        answers = await asyncio.gather(*(stage.ask("probe wait 0.05") for _ in range(count)))
        assert answers == ["waited"] * count
        assert stage.host.plugins.status("probe").errors == 0


class TestEnvironment:
    async def test_only_granted_names_are_told(self, stage, monkeypatch):
        monkeypatch.setenv("PROBE_TOKEN", "t")
        monkeypatch.setenv("OTHER_TOKEN", "s")
        assert json.loads(await stage.ask("probe environment PROBE_TOKEN")) == "t"
        assert "probe may not environment:read OTHER_TOKEN" in await stage.ask("probe environment OTHER_TOKEN")


class TestHttp:
    async def test_a_granted_host_is_asked_and_no_other(self, stage):
        async with http_server() as granted, http_server() as other:
            granted.answers |= {
                "/a": ("200 OK", b"hello"),
                "/json": ("201 Created", b'{"made": true}'),
                "/away": (f"302 Found\r\nLocation: {other.url}/", b""),
            }
            await stage.grant([Permission("network", ("connect",), hosts=(f"127.0.0.1:{granted.port}",))])
            assert json.loads(await stage.ask(f"probe http get {granted.url}/a")) == [200, "hello"]
            assert json.loads(await stage.ask(f"probe http post {granted.url}/json")) == [201, {"made": True}]
            assert json.loads(granted.asked[-1].body) == {"from": "probe"}
            for url in (f"{other.url}/", f"{granted.url}/away"):
                answer = await stage.ask(f"probe http get {url}")
                assert f"probe may not network:connect 127.0.0.1:{other.port}" in answer
            assert other.asked == []

    async def test_json_is_sent_of_any_size_and_with_any_number(self, stage):
        async with http_server() as server:
            server.answers["/kept"] = ("201 Created", b"")
            await stage.grant([Permission("network", ("connect",), hosts=(f"127.0.0.1:{server.port}",))])
            assert await stage.ask(f"probe http json {server.url}/kept 2000000") == "201"
            assert json.loads(server.asked[-1].body) == {"all": ["x" * 2_000_000, 2**70, ["a", None]]}
            assert server.asked[-1].headers["content-type"] == "application/json"
            assert await stage.ask(f"probe http json {server.url}/kept 1 application/geo+json") == "201"
            assert server.asked[-1].headers["content-type"] == "application/geo+json"


class TestNetwork:
    @pytest.mark.feature("C28")
    async def test_a_connection_is_made_to_what_was_granted_and_used_by_the_plugin(self, stage):
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await stage.grant([Permission("network", ("connect",), hosts=(f"127.0.0.1:{port}",))])
            told = await stage.ask(f"probe network 127.0.0.1 {port}")
            if stage.isolation == "external":  # it has a network of its own, and no way for descriptors
                assert "probe cannot be handed a connection" in told
            else:
                assert json.loads(told) == "HELLO\n"
            assert f"probe may not network:connect 127.0.0.1:{port + 1}" in await stage.ask(
                f"probe network 127.0.0.1 {port + 1}"
            )
            await stage.grant([Permission("network", ("connect",), hosts=(f"localtest.invalid:{port}", "*:*"))])
            told = await stage.ask(f"probe network 127.0.0.1 {port}")
            assert ("cannot be handed" if stage.isolation == "external" else "an address of this computer") in told
        assert "is no port" in await stage.ask("probe network 127.0.0.1 0")


class TestScheduler:
    @pytest.mark.feature("K26", "K28")
    async def test_tasks_end_with_the_plugin(self, stage):
        await stage.ask("probe scheduler start")
        assert "probe: waiting" in json.loads(await stage.ask("probe running"))
        stage.profile.disable("probe")
        await stage.host.reload_changes()
        await stage.come_up("probe")
        assert "probe: waiting" not in json.loads(await stage.ask("probe running"))

    async def test_a_task_that_fails_is_counted_to_its_plugin(self, stage):
        await stage.ask("probe scheduler fail")
        status = stage.host.plugins.status("probe")
        assert (status.state, status.errors) == ("active", 1)
        assert status.problem == "ValueError in task failing: the task fails"
        assert "the task fails" in status.error

    @pytest.mark.feature("K28")
    async def test_a_thread_is_told_to_stop_when_the_plugin_is_disabled(self, stage):
        process = await stage.ask("probe process")
        await stage.ask("probe scheduler thread")
        assert "probe: thread working" in json.loads(await stage.ask("probe running"))
        stage.profile.disable("probe")
        await stage.host.reload_changes()
        assert stage.host.plugins.status("probe").problem == ""
        await stage.come_up("probe")
        assert await stage.ask("probe process") == process, "it was idle, and its process stayed"
        running = ["probe: thread working"]
        async with asyncio.timeout(30):
            while "probe: thread working" in running:
                await asyncio.sleep(0.01)
                running = json.loads(await stage.ask("probe running"))

    @pytest.mark.feature("K28")
    async def test_timers_come_once_or_again_and_again(self, stage):
        await stage.ask("probe scheduler timers")
        heard: list[str] = []
        async with asyncio.timeout(30):
            while heard.count("again") < 2:
                await asyncio.sleep(0.01)
                heard = json.loads(await stage.ask("probe heard"))
        assert heard.count("once") == 1

    @pytest.mark.feature("K26")
    async def test_a_plain_function_starts_tasks_and_timers(self, stage):
        await stage.host.commands.dispatch("probe scheduler plain", Speaker())
        heard: list[str] = []
        async with asyncio.timeout(30):
            while len(heard) < 2:
                await asyncio.sleep(0.01)
                heard = json.loads(await stage.ask("probe heard"))
        assert sorted(heard) == ["a task", "a timer"]


class TestBlocking:
    @pytest.mark.feature("U16")
    async def test_a_thread_uses_the_facets_by_waiting(self, stage):
        assert await stage.ask("probe blocking thread key") == "from a thread"
        assert json.loads(await stage.ask("probe storage get key")) == "from a thread"

    async def test_a_plain_function_waits_where_no_loop_stands_still(self, stage):
        await stage.host.commands.dispatch("probe blocking plain key", Speaker())
        told = ["WouldBlock"] if stage.isolation == "inline" else ["from a plain function"]
        assert json.loads(await stage.ask("probe heard")) == told

    async def test_the_loops_thread_is_refused(self, stage):
        answer = await stage.ask("probe blocking loop")
        assert "probe called context.blocking.storage.get on the event loop's thread" in answer
        assert "await context.storage.get(…)" in answer


@pytest.mark.feature("C15")
async def test_the_api_knows_whose_it_is_and_answers_in_its_types(stage):
    assert await stage.ask("probe api send hello") == f"sent hello in {datetime.now(UTC).year}"
    await stage.ask("probe api send more")
    assert stage.said == [("probe", "hello"), ("probe", "more")]
    assert json.loads(await stage.ask("probe api recent")) == [["Message", "hello"], ["Message", "more"]]


@pytest.mark.feature("K15", "M4")
async def test_a_line_is_made_only_where_the_user_wants_its_level(stage, caplog):
    assert await stage.ask("probe log") == "False"
    assert await stage.ask("probe heard") == "[]"
    stage.profile.state.change({"log_level/probe": "debug"}, by="test")
    await stage.host.reload_changes()
    assert await stage.ask("probe log") == "True"
    assert await stage.ask("probe heard") == '["a line was made"]'
    (record,) = [one for one in caplog.records if one.getMessage() == "a line"]
    assert (record.name, record.levelname, record.room) == ("chat.plugins.probe", "DEBUG", "lobby")


@pytest.mark.feature("K32", "K33", "M4")
async def test_folders_and_logger_are_the_plugins_own(stage, caplog):
    await stage.ask("probe folders")
    data, configuration = stage.own_folders
    assert (data / "file").read_text() == "data"
    assert (configuration / "file").read_text() == "configuration"
    assert [record.name for record in caplog.records if record.message == "folders were used"] == ["chat.plugins.probe"]
