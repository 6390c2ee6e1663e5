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

# use -> the permission that it needs
GUARDED = [
    ("probe storage get key", "storage:read"),
    ("probe storage keys", "storage:read"),
    ("probe storage set key 1", "storage:write"),
    ("probe storage delete key", "storage:write"),
    ("probe table insert {}", "storage:write"),
    ("probe table select", "storage:read"),
    ("probe commands add elsewhere", "commands:register"),
    ("probe commands tree elsewhere", "commands:register"),
    ("probe events emit undeclared", "events:emit"),
    ("probe events on plugin:peer:spoke", "events:listen"),
    ("probe events on plugin:*", "events:observe"),
    ("probe services call shouter you", "services:call"),
    ("probe services provide", "services:provide"),
    ("probe files stat /nowhere", "files:read"),
    ("probe files write /nowhere/file text", "files:write"),
    ("probe environment PROBE_TOKEN", "environment:read"),
    ("probe http get http://127.0.0.1:1/", "network:connect"),
    ("probe network 127.0.0.1 1", "network:connect"),
    ("probe plugins list", "plugins:read"),
    ("probe plugins status peer", "plugins:read"),
    ("probe plugins load peer", "plugins:manage"),
    ("probe plugins unload ghost", "plugins:manage"),
    ("probe ui component box", "ui:component"),
    ("probe ui menu", "ui:menu"),
    ("probe api send hello", "messages:send"),
]


@pytest.mark.feature("C26", "C27")
async def test_it_runs_where_it_is_said_to(standing):
    assert (int(await standing.ask("probe process")) == os.getpid()) == (standing.isolation == "inline")


FREE = [
    ("probe settings get greeting", '"hello"'),
    ("probe settings set limit 4", '{"greeting": "hello", "limit": 4}'),
    ("probe commands add probe-not", None),
    ("probe events emit declared", "sent"),
    ("probe events on own", "listening"),
    ("probe events on plugin:friend:spoke", "listening"),
    ("probe services call greeter you", '["hello you"]'),
    ("probe services protocol", '["hello you"]'),
    ("probe plugins status probe", "probe 1.0.0 active"),
    ("probe scheduler start", "started"),
    ("probe folders", "probe"),
]


@pytest.mark.feature("C4", "C13")
@pytest.mark.parametrize(("use", "permission"), GUARDED)
async def test_each_use_is_refused_without_its_permission_and_works_with_it_alone(
    standing, everything, use, permission
):
    resource, action = permission.split(":")
    await standing.grant(one for one in everything if (one.resource, one.actions) != (resource, (action,)))
    answer = await standing.ask(use)
    hint = "asked in plugin.toml? granted? see: jackfield permissions probe"
    if use.startswith("probe services call"):
        hint = "name peer, which offers shouter, under [requires] in plugin.toml; or ask for services:call"
    if resource == "commands":
        hint = "declare elsewhere in plugin.toml, under [contributes] commands; or ask for commands:register"
    assert f"probe may not {permission}" in answer
    assert f"({hint})" in answer
    await standing.grant(one for one in everything if (one.resource, one.actions) == (resource, (action,)))
    assert "may not" not in await standing.ask(use)


@pytest.mark.parametrize(("use", "answer"), [one for one in FREE if one[1] is not None])
async def test_what_is_the_plugins_own_or_declared_needs_no_permission(standing, use, answer):
    await standing.grant(())
    assert await standing.ask(use) == answer


@pytest.mark.feature("K34", "U16")
async def test_files_of_the_package_are_read_and_nothing_beside_it(standing):
    await standing.grant(())
    content, size, names = json.loads(await standing.ask("probe resources lang/de.toml"))
    assert content == 'greeting = "Grüß dich, {user}"\n'
    assert size == len(content.encode())
    assert names == ["lang/de.toml", "lang/de_AT.toml", "lang/en.toml"]
    for name in ("lang/../../chat_peer/__init__.py", "/etc/passwd", "missing.txt"):
        assert f"there is no file {name!r} in the package of probe" in await standing.ask(f"probe resources {name}")


class TestTranslations:
    @pytest.mark.feature("U14")
    @pytest.mark.parametrize(
        ("key", "language", "text"),
        [
            ("greeting", "de-AT", "Servus alice"),
            ("greeting", "de-CH", "Grüß dich, alice"),
            ("greeting", "fr", "Hello alice"),
            ("only", "de-AT", "only in English"),
            ("errors.unknown", "de", "Nobody knows {what}, {really}"),
            ("missing", "de", "missing"),
        ],
    )
    async def test_a_text_comes_in_the_nearest_language_that_has_it(self, standing, key, language, text):
        assert await standing.ask(f"probe say {key} {language}") == text

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


@pytest.mark.feature("C28")
@pytest.mark.parametrize("name", ["host", "system", "_secret", "process"])
async def test_what_is_no_part_of_the_context_is_refused_in_words(standing, name):
    assert f"Access to {name} is not allowed" in await standing.ask(f"probe access {name}")


async def test_a_context_can_be_looked_at_by_pythons_own_means(standing):
    assert await standing.ask("probe copies") == "probe"


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
