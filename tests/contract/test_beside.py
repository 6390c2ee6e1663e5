"""The smaller methods of `context`, the same wherever the plugin runs; and that this suite asks for each there is."""

from __future__ import annotations

import json
import re
from inspect import getattr_static
from typing import Any

import pytest
from jackfield.api import Context, Level, OpenFile, StoredTable, Thread
from jackfield.permissions import Permission

from tests.support.contract_plugins import HERE
from tests.support.http_server import http_server
from tests.support.speakers import Speaker
from tests.support.waiting import until

SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((HERE / "probe").rglob("*.py")))


def public(kind: Any) -> list[str]:
    return [name for name in vars(kind) if not name.startswith("_")]


FACETS = {name: getattr_static(Context, name).fget.__annotations__["return"] for name in public(Context)}
PROMISED = [
    *(
        (name, method)
        for name, facet in FACETS.items()
        if facet.__module__.startswith("jackfield.api")
        for method in public(facet)
    ),
    *(("file", method) for method in public(OpenFile)),
    *(("votes", method) for method in public(StoredTable)),
    *(("thread", method) for method in public(Thread)),
]


@pytest.mark.feature("C26", "C27")
@pytest.mark.parametrize(("facet", "method"), PROMISED)
def test_the_suite_asks_for_each_method_there_is(facet: str, method: str) -> None:
    assert re.search(rf"\b_?{facet}\.{method}\b", SOURCE), f"the probe has no command that uses {facet}.{method}"


async def test_folders_are_made_and_files_changed_in_place_moved_and_deleted(stage, tmp_path):
    folder = tmp_path / "granted"
    folder.mkdir()
    told = json.loads(await stage.ask(f"probe files tree {folder}"))
    assert told == ["0123xx6789", [], ["two"]]
    assert (folder / "two").read_text() == "0123xx6789"


async def test_a_request_has_the_method_the_query_and_the_body_that_it_was_given(stage):
    async with http_server() as server:
        server.answers["/kept"] = ("404 Not Found\r\nX-Kept: no", b"")
        await stage.grant([Permission("network", ("connect",), hosts=(f"127.0.0.1:{server.port}",))])
        assert json.loads(await stage.ask(f"probe http request {server.url}/kept")) == [404, False, "no"]
        asked = server.asked[-1]
        assert (asked.method, asked.path, asked.body) == ("PUT", "/kept?q=a+b", b"text")


async def test_a_thread_gives_what_its_function_returned(stage):
    assert json.loads(await stage.ask("probe scheduler result")) == [8, 8, "thread doubling", False, False]


async def test_a_table_knows_its_name(stage):
    assert await stage.ask("probe table name") == "votes"


async def test_pages_are_told_of_what_is_drawn_otherwise_now(stage):
    await stage.ask("probe ui component box")
    changed: list[str] = []
    stage.host.ui.on_change(changed.append)
    assert await stage.ask("probe ui refresh box") == "told"
    await until(lambda: changed == ["probe:box"])


async def test_who_gives_a_command_is_known(stage):
    for permissions, may in (((), False), (("messages:send",), True)):
        speaker = Speaker(user="bob", room=None, level=Level.ADMIN, permissions=permissions)
        assert await stage.host.commands.dispatch("probe may messages:send", speaker)
        assert json.loads(speaker.answers[0]) == [may, "bob", None, "admin"]


async def test_the_languages_of_the_package_are_known(stage):
    assert json.loads(await stage.ask("probe languages")) == ["de", "de-AT", "en"]


async def test_another_plugin_is_disabled_and_enabled_for_good(stage):
    told = await stage.ask("probe plugins manage peer")
    if stage.isolation == "external":  # nobody but itself can have it connect
        assert "peer is unloaded" in told
    else:
        assert told.endswith(" False True")
    assert stage.profile.state.get("wish/peer") is True


async def test_another_plugin_is_loaded_anew(stage):
    told = await stage.ask("probe plugins reload peer")
    if stage.isolation == "external":
        assert "peer" in told
        assert "started anew" in told
    else:
        assert told == "active"
