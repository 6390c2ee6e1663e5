"""Each single use of `context`: what it needs, and what it gives; the same wherever the plugin runs."""

from __future__ import annotations

import json
import os

import pytest

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


@pytest.mark.feature("C28")
@pytest.mark.parametrize("name", ["host", "system", "_secret", "process"])
async def test_what_is_no_part_of_the_context_is_refused_in_words(standing, name):
    assert f"Access to {name} is not allowed" in await standing.ask(f"probe access {name}")


async def test_a_context_can_be_looked_at_by_pythons_own_means(standing):
    assert await standing.ask("probe copies") == "probe"


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
async def test_a_text_comes_in_the_nearest_language_that_has_it(standing, key, language, text):
    assert await standing.ask(f"probe say {key} {language}") == text


@pytest.mark.feature("C20")
@pytest.mark.parametrize("value", ["null", "true", "1.5", '"text"', "[1, [2]]", '{"a": {"b": null}}'])
async def test_its_storage_keeps_json(standing, everything, value):
    await standing.grant(everything)
    await standing.ask(f"probe storage set key '{value}'")
    assert json.loads(await standing.ask("probe storage get key")) == json.loads(value)


USAGE = "\nusage: probe measure <first> [others …]"


@pytest.mark.feature("U13", "M43")
@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("3m 4.5m", "7.5 m"),
        ("red", f"\\x1b[31mred is no\\u202e length: probe measure ‹red›{USAGE}"),
        ("3m silent 4m", f"expected a length like 3m: probe measure 3m ‹silent› 4m{USAGE}"),
        ('3m "red" 4m', f'\\x1b[31mred is no\\u202e length: probe measure 3m ‹"red"› 4m{USAGE}'),
        ("long", f"{'x' * 499}…: probe measure ‹long›{USAGE}"),
        ("told", f"it is one that the plugin tells of (try 3m): probe measure ‹told›{USAGE}"),
        ("broken", "probe measure failed: RuntimeError: boom"),
        ("exit", "probe measure: a length like 3m cannot be read: SystemExit: 2"),
    ],
)
async def test_a_mistake_in_an_argument_of_its_own_type_is_told_with_the_place(standing, line, answer):
    assert await standing.ask(f"probe measure {line}") == answer
    assert await standing.ask("probe measure 1m") == "1 m"
