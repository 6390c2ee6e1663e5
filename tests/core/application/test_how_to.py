"""The how-to pages, run as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from jackfield.api import List, Text
from jackfield.application import Application
from jackfield.hooks import HookspecMarker
from jackfield.permissions import Grant, Permission
from jackfield.store import Layout

from tests.support.console import console
from tests.support.profiles import SOURCE, Profile, hostfile
from tests.support.speakers import Speaker
from tests.support.waiting import until
from tests.support.wheels import WheelSource, build_plugin, manifest_text

PAGES = Path(__file__).parents[3] / "docs" / "how-to"


def blocks(page: str, language: str) -> list[str]:
    """The code on a page, in order."""
    return re.findall(rf"```{language}\n(.*?)```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.slow
def test_an_application_is_made_extensible_as_the_page_says(tmp_path):
    api, program = blocks("add-plugins-to-your-app.md", "python")
    hostfile_text, project = blocks("add-plugins-to-your-app.md", "toml")
    site, source = tmp_path / "site", tmp_path / "source"
    (source / "notes_api").mkdir(parents=True)
    (source / "notes_api" / "__init__.py").write_text(api)
    (source / "notes_api" / "host.toml").write_text(hostfile_text)
    (source / "pyproject.toml").write_text(project)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(site), str(source)], check=True, capture_output=True)
    home = tmp_path / "home"
    plugin = WheelSource(
        "notes-loud",
        files={
            "notes_loud/plugin.toml": manifest_text("loud").replace('chat = ">=1.0 <2.0"', 'notes = "^1.0"')
            + '[[permissions]]\nresource = "notes"\nactions = ["add"]\n',
            "notes_loud/__init__.py": (
                "from jackfield import Plugin\nfrom notes_api import hookimpl\n"
                "class Loud(Plugin):\n"
                "    async def on_enable(self): await self.context.api.add('enabled')\n"
                "    @hookimpl\n    async def before_save(self, text): return text.upper()\n"
            ),
        },
        entry_points={"notes.plugins": {"loud": "notes_loud:Loud"}},
    ).build(tmp_path / "wheels")
    profile = Profile(Layout.locate("notes", environ={"JACKFIELD_HOME": str(home)}))
    profile.install(plugin)
    grant = Grant("loud", SOURCE, None, (Permission("notes", ("add",)),), "1.0.0")
    profile.state.change({"wish/loud": True, "grants/loud": grant.to_mapping()}, by="test")

    script = tmp_path / "notes.py"
    script.write_text(program)
    environ = {**os.environ, "PYTHONPATH": str(site)}
    run = subprocess.run(
        [sys.executable, str(script), str(home)], capture_output=True, text=True, env=environ, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["loud 1.0.0 active ", "['enabled (by loud)', 'BUY MILK']"]


PERMISSIONS = """
[[permissions]]
resource = "storage"
actions = ["read", "write"]
[[permissions]]
resource = "ui"
actions = ["component"]
[contributes]
commands = [{ name = "count" }, { name = "echo" }]
"""


@pytest.mark.parametrize(
    ("number", "attribute", "line", "answer"),
    [(0, "Counter", "count 2", "alice counted to 2"), (1, "", "echo hello there", "hello there")],
)
async def test_the_plugins_of_the_page_run(tmp_path, number, attribute, line, answer):
    code = blocks("write-a-plugin.md", "python")[number]
    package = f"chat_page{number}"
    wheel = WheelSource(
        f"chat-page{number}",
        files={f"{package}/__init__.py": code, f"{package}/plugin.toml": manifest_text("page") + PERMISSIONS},
        entry_points={"chat.plugins": {"page": f"{package}:{attribute}" if attribute else package}},
    ).build(tmp_path / "wheels")
    application = Application("chat", home=tmp_path / "home", hostfile=hostfile())
    profile = Profile(application.layout)
    profile.install(wheel)
    profile.enable("page")
    await application.start()
    try:
        assert application.host.plugins.status("page").problem == ""
        source = Speaker()
        assert await application.host.commands.dispatch(line, source)
        assert source.answers == [answer]
        if attribute:
            await application.host.ui.act("page:counter", "add", {}, "bob")
            (drawn,) = await application.host.ui.components()
            assert isinstance(drawn.component, List)
            assert isinstance(drawn.component.items[0], Text)
            assert drawn.component.items[0].text == "3 so far"
    finally:
        await application.stop()


async def test_scripts_run_as_the_page_says(tmp_path):
    stamp, metadata, language, loading = blocks("use-scripts.md", "python")
    (manifest,) = blocks("use-scripts.md", "toml")
    folder = tmp_path / "scripts"
    folder.mkdir()
    metadata = metadata.replace("another_script", "other")
    (folder / "a.py").write_text(metadata + stamp, encoding="utf-8")
    (folder / "b.py").write_text("PLUGIN_METADATA = {'id': 'other', 'version': '1.2'}", encoding="utf-8")
    (folder / "bye.say").write_text("goodbye\n", encoding="utf-8")

    def message_sent(function):
        def message_sent(message):
            return function(message)

        return message_sent

    hooks = {"on_message_sent": message_sent}
    code = language.replace("class Sayings", "class Main")
    profile = Profile(Layout.locate("chat", environ={"JACKFIELD_HOME": str(tmp_path / "home")}))
    profile.install(build_plugin(tmp_path / "wheels", "sayings", code=code, more=manifest))
    profile.enable("sayings")
    application = Application(
        "chat",
        specs=_TextSpecs,
        home=tmp_path / "home",
        hostfile=hostfile(),
        script_folders=[folder],
        script_hooks=hooks,
    )
    await application.start()
    try:
        sent = application.host.hook.message_sent(message="hello")
        assert re.fullmatch(r"\[\d\d:\d\d\] hello goodbye", sent)
        names = {one.id: one.name for one in application.host.plugins}
        assert names == {"other": "other", "stamp": "Time stamp", "sayings": "Sayings", "bye": "bye"}
        assert application.host.plugins.status("stamp").description == "The time before every message"
    finally:
        await application.stop()
    namespace: dict[str, list[ModuleType]] = {}
    exec(loading.replace('"scripts"', repr(str(folder))), namespace)
    assert [module.__file__ for module in namespace["modules"]] == [str(folder / "a.py"), str(folder / "b.py")]


class _TextSpecs:
    @HookspecMarker("chat")(pipeline="message")
    def message_sent(self, message): ...


def test_the_console_runs_the_script_of_the_page(tmp_path):
    (script,) = blocks("run-mcdreforged-scripts.md", "python")
    with console(tmp_path, {"visits.py": script}) as bench:
        bench.start()
        assert bench.type("!!visits") == ["nobody"]
        bench.server("#join Alex")
        bench.until("to Alex: visit 1")
        bench.type("!!MCDR plugin reload visits")
        assert bench.type("!!visits") == ["Alex: 1"]
        assert bench.type("!!visits Alex") == ["1"]
        assert "!!visits: How often everyone came" in bench.type("!!help")


@pytest.mark.slow
@pytest.mark.feature("C31", "C32", "K15")
def test_plugins_are_watched_as_the_page_says(tmp_path):
    program, plugin = blocks("watch-plugins.md", "python")
    home = tmp_path / "home"
    more = '[contributes]\ncommands = [{ name = "weather" }]\n'
    wheel = build_plugin(
        tmp_path / "wheels", "weather", "1.0.0", code=plugin.replace("class Weather", "class Main"), more=more
    )
    profile = Profile(Layout.locate("chat", environ={"JACKFIELD_HOME": str(home)}))
    profile.install(wheel)
    profile.enable("weather")
    program += "from tests.support.speakers import Speaker\nsource = Speaker()\nasyncio.run(main())\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "JACKFIELD_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "weather command weather command"
    assert lines[1].startswith("weather ")
    assert "'command weather': 1" in lines[1]
    assert lines[-1] == "INFO forecast {'place': 'Vienna'}"


@pytest.mark.slow
@pytest.mark.feature("C46")
async def test_an_update_that_says_it_does_not_work_goes_back_as_the_page_says(tmp_path):
    (code,) = blocks("install-update-roll-back.md", "python")
    setting = '[contributes]\nsettings = [{ key = "place", type = "text", default = "", label = "Place" }]\n'
    wheels = [
        build_plugin(tmp_path / "wheels", "forecast", "1.0.0"),
        build_plugin(
            tmp_path / "wheels", "forecast", "2.0.0", code=code.replace("class Forecast", "class Main"), more=setting
        ),
    ]
    application = Application("chat", home=tmp_path / "home", hostfile=hostfile())
    await application.start()
    try:
        for wheel in wheels:
            plan = await application.management.plan_install([str(wheel)])
            await application.management.apply(plan, accept_permissions=True, by="tester")
        await application.reload()
        plugins = application.host.plugins
        await until(lambda: plugins.status("forecast").version == "1.0.0", timeout_seconds=30)
        assert application.management.failed()[0].why == "no place is set"
    finally:
        await application.stop()
