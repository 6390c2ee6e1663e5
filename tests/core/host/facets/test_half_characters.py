"""Half a surrogate pair, given to everything that `context` has: kept, or refused by the framework's own errors."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

PERMISSIONS = """
[[permissions]]
resource = "storage"
actions = ["read", "write"]
[[permissions]]
resource = "plugins"
actions = ["read", "manage"]
[[permissions]]
resource = "ui"
actions = ["component", "menu"]
[[permissions]]
resource = "commands"
actions = ["register"]
[[permissions]]
resource = "events"
actions = ["emit", "listen"]
[[permissions]]
resource = "services"
actions = ["provide", "use"]
[[permissions]]
resource = "files"
actions = ["read", "write"]
[[permissions]]
resource = "network"
actions = ["connect"]
[[permissions]]
resource = "environment"
actions = ["read"]
"""
SETTINGS = """
[contributes]
settings = [
  { key = "word", type = "text", default = "" },
  { key = "words", type = "list", default = [] },
  { key = "hidden", type = "secret" },
  { key = "place", type = "path", default = "" },
]
"""
PROBE = """
import asyncio
import inspect
import json

from jackfield import Plugin
from jackfield.api import Text
from jackfield.errors import JackfieldError

HALF = "\\ud800"
URL = "http://127.0.0.1:9/"


class Main(Plugin):
    async def on_enable(self):
        self.context.scheduler.start(self.probe())

    async def probe(self):
        context, self.told = self.context, {}
        storage, files, http, plugins = context.storage, context.files, context.http, context.plugins
        scheduler, events, services, resources = context.scheduler, context.events, context.services, context.resources
        table, folder = storage.table("kept", {"text": str}), str(context.data_dir)
        uses = {
            "storage key": lambda: storage.set(HALF, 1), "storage value": lambda: storage.set("a", {HALF: [HALF]}),
            "storage get": lambda: storage.get(HALF), "storage delete": lambda: storage.delete(HALF),
            "storage keys": lambda: storage.keys(HALF), "storage drop": lambda: storage.drop(HALF),
            "table name": lambda: storage.table(HALF, {"text": str}).count(),
            "table column": lambda: storage.table("other", {HALF: str}).count(),
            "insert": lambda: table.insert({"text": HALF}), "insert column": lambda: table.insert({HALF: "x"}),
            "update": lambda: table.update({"text": HALF}), "select": lambda: table.select(where={"text": HALF}),
            "delete": lambda: table.delete(where={"text": HALF}),
            "setting": lambda: context.settings.set("word", HALF),
            "setting list": lambda: context.settings.set("words", [HALF]),
            "setting secret": lambda: context.settings.set("hidden", HALF),
            "setting path": lambda: context.settings.set("place", "/" + HALF),
            "setting key": lambda: context.settings.get(HALF), "logger": lambda: context.logger.error("%s", HALF),
            "component": lambda: context.ui.add_component("box", lambda: Text(HALF)),
            "component name": lambda: context.ui.add_component(HALF, lambda: Text("x")),
            "refresh": lambda: context.ui.refresh(HALF), "event": lambda: events.emit(HALF, {}),
            "event data": lambda: events.emit("told", {HALF: HALF}),
            "listener": lambda: events.on("plugin:a:" + HALF, print),
            "command": lambda: context.commands.add(HALF, print), "service": lambda: services.provide(HALF, object()),
            "service asked": lambda: services.get(HALF), "service required": lambda: services.require("x." + HALF),
            "environment": lambda: context.environment.get(HALF),
            "http path": lambda: http.get(URL + HALF), "http host": lambda: http.get("http://" + HALF),
            "http header": lambda: http.get(URL, headers={"x": HALF}),
            "http query": lambda: http.get(URL, params={"x": HALF}), "http json": lambda: http.post(URL, json=HALF),
            "http text": lambda: http.post(URL, data=HALF), "http form": lambda: http.post(URL, data={"x": HALF}),
            "network": lambda: context.network.connect(HALF, 9),
            "resource names": lambda: resources.names(HALF), "resource": lambda: resources.read_text(HALF),
            "resource bytes": lambda: resources.read_bytes("x/" + HALF),
            "resource encoding": lambda: resources.read_text("plugin.toml", encoding=HALF),
            "translation": lambda: context.translations.text(HALF, HALF, x=HALF),
            "language": lambda: context.translations.language_of(HALF),
            "thread": lambda: scheduler.start_thread(print, name=HALF),
            "timer": lambda: scheduler.after(0, print, name=HALF),
            "file text": lambda: files.write_text(folder + "/x", HALF),
            "file encoding": lambda: files.write_text(folder + "/x", "x", encoding=HALF),
            "file read encoding": lambda: files.read_text(__file__, encoding=HALF),
            "file move": lambda: files.move(folder + "/x", folder + "/" + HALF),
            "file of no name": lambda: files.read_bytes("/\\0"),
        }
        for name in ("read_bytes", "read_text", "list", "stat", "make_folder", "delete", "open"):
            uses["file " + name] = lambda name=name: getattr(files, name)("/" + HALF)
        for name in ("status", "wait_for", "load", "enable", "disable", "unload", "reload"):
            uses["plugin " + name] = lambda name=name: getattr(plugins, name)(HALF)
        for name, use in uses.items():
            try:
                answer = use()
                if inspect.isawaitable(answer):
                    await asyncio.wait_for(answer, 10)
            except JackfieldError as error:
                self.told[name] = "refused"
            except Exception as error:
                self.told[name] = f"{type(error).__name__}: {ascii(str(error))}"
            else:
                self.told[name] = "kept"
        (context.data_dir / "told").write_text(json.dumps(self.told))
        (context.data_dir / "done").touch()
"""


@pytest.mark.parametrize("isolation", ["inline", "worker"])
@pytest.mark.feature("S11")
async def test_whatever_is_given_half_a_character_keeps_it_or_says_what_is_wrong(
    profile, build, running, monkeypatch: pytest.MonkeyPatch, isolation: str
) -> None:
    # What pytest keeps of a log goes between its processes as UTF-8, and half a character would end the whole run.
    monkeypatch.setattr(logging.getLogger("chat"), "propagate", False)
    profile.install(build("a", code=PROBE, isolation="any", permissions=PERMISSIONS, more=SETTINGS))
    profile.enable("a", isolation=isolation)
    host = await running()
    async with asyncio.timeout(30):
        while not (done := list(profile.layout.root.glob("**/done"))):  # noqa: ASYNC110 (a file)
            await asyncio.sleep(0.02)
    told = json.loads(done[0].with_name("told").read_text(encoding="utf-8"))
    assert len(told) > 60
    assert {name: one for name, one in told.items() if one not in ("kept", "refused")} == {}
    assert {"storage key", "insert", "setting", "file text", "file read_bytes", "resource", "http json"} <= {
        name for name, one in told.items() if one == "refused"
    }
    assert host.plugins.status("a").state == "active"
