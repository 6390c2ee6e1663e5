"""What `jackfield doctor` finds: each kind of trouble, with what to do about it, and nothing where all is well."""

from __future__ import annotations

import pytest
from jackfield.hooks import HookspecMarker
from jackfield.management import Environment, Management, Trial, diagnose
from jackfield.permissions import Grant, Permission
from jackfield.storage import PluginDatabase, Snapshots, Starts
from jackfield.store import Layout

from tests.support.profiles import SOURCE, Profile, hostfile
from tests.support.wheels import build_plugin, manifest_text

SEND = '[[permissions]]\nresource = "messages"\nactions = ["send"]\n'
ROLLS = '[contributes]\ncommands = [{ name = "roll" }]\n'


@pytest.fixture
def profile(tmp_path) -> Profile:
    return Profile(Layout(tmp_path / "profile"))


@pytest.fixture
def build(tmp_path):
    return lambda *names, **options: build_plugin(tmp_path / "wheels", *names, **options)


@pytest.fixture
def found(profile):
    def look() -> list[tuple[str, str | None, str, str]]:
        management = Management(
            "chat", profile.layout, [], hostfile(), environment=Environment(("chat.plugins",), path=[])
        )
        findings = diagnose(profile.layout, management.store, management.state, management.inventory)
        return [(one.kind, one.plugin, one.problem, one.advice) for one in findings]

    return look


def test_all_is_well_with_plugins_that_run_or_are_disabled(profile, build, found):
    profile.install(build("a", more=ROLLS, permissions=SEND), build("b", more=ROLLS))
    profile.enable("a")
    assert found() == []


@pytest.mark.feature("U37")
def test_what_is_blocked_is_told_with_the_way_out(profile, build, found):
    profile.install(build("a", more='[requires]\nb = "*"'), build("b"), build("c", more='[requires]\nnone = "*"'))
    profile.enable("a", "c")
    profile.state.change({"wish/b": True}, by="test")
    kinds = {plugin: (kind, problem, advice) for kind, plugin, problem, advice in found()}
    assert kinds["b"] == ("blocked", "nothing was granted to it", "jackfield enable b")
    assert kinds["c"][0] == "blocked"
    assert kinds["c"][2] == "jackfield update c, or jackfield disable c"
    assert "none" in kinds["c"][1]


@pytest.mark.feature("U37")
def test_who_needs_a_plugin_is_disabled_before_it(profile, build, found):
    """Else the way out of one trouble is the way into the next."""
    needs = '[requires]\n{} = "*"\n'.format
    profile.install(
        build("dice", more=ROLLS),
        build("craps", more=needs("dice")),
        build("viper", more=needs("craps") + ROLLS),
        build("other", more=needs("dice").replace('"*"', '"*?"')),
    )
    profile.enable("dice", "craps", "viper", "other")
    assert [one[3] for one in found()] == ["jackfield disable viper, or viper craps dice, since the others need it"]
    profile.disable("dice")
    ((kind, plugin, problem, advice),) = found()
    assert (kind, plugin, problem) == ("blocked", "craps", "needs dice, which is disabled")
    assert advice == "jackfield enable dice, or jackfield disable viper craps, since viper needs it"
    profile.disable("viper")
    assert found()[0][3] == "jackfield enable dice, or jackfield disable craps"
    profile.enable("dice", "viper")
    profile.layout.run.mkdir(parents=True, exist_ok=True)
    Starts(profile.layout.starts).note_slow({"craps": 3.25})
    assert found()[1][3] == "tell its author, or jackfield disable viper craps, since viper needs it"


HEARS = """
from jackfield import Plugin
from jackfield.hooks import HookimplMarker

class Main(Plugin):
    @HookimplMarker("chat")
    def guarded(self): return "in"

    @HookimplMarker("chat")
    def broken(self): raise ValueError("boom")
"""


class Guarded:
    @HookspecMarker("chat")(needs="messages:send")
    def guarded(self): ...

    @HookspecMarker("chat")
    def broken(self): ...


async def test_a_permission_that_was_taken_back_is_a_note_with_the_way_to_give_it_again(profile, build):
    def look(host) -> list[tuple[str, str, str, bool]]:
        management = Management("chat", profile.layout, [], hostfile(), environment=Environment((), path=[]))
        troubles = {"a": host.plugins.status("a").problem}
        findings = diagnose(profile.layout, management.store, management.state, management.inventory, troubles=troubles)
        return [(one.kind, one.problem, one.advice, one.is_note) for one in findings if one.plugin == "a"]

    profile.install(build("a", code=HEARS, permissions=SEND))
    profile.enable("a", permissions=())
    host = profile.host(specs=Guarded())
    await host.start()
    why, way = "guarded is not called: a may not messages:send", "to have it called: jackfield permissions grant a"
    try:
        assert look(host) == [("taken back", why, f"{way} messages:send", True)]
        host.hook.broken()
        failing, taken = sorted(look(host))
        assert failing[:2] == ("failing", "ValueError in hook broken: boom")
        assert taken[:2] == ("taken back", why)
    finally:
        await host.stop()


@pytest.mark.parametrize("before", ["", "boom; "])
async def test_what_a_plugin_says_of_its_own_failure_makes_no_note_of_it(before, profile, build):
    """Else it would be told as nothing wrong, with the advice to grant the plugin something."""
    told = f"{before}guarded is not called: a may not messages:send"
    profile.install(build("a", code=HEARS.replace("boom", told), permissions=SEND))
    profile.enable("a")
    host = profile.host(specs=Guarded())
    await host.start()
    try:
        host.hook.broken()
        management = Management("chat", profile.layout, [], hostfile(), environment=Environment((), path=[]))
        troubles = {"a": host.plugins.status("a").problem}
        found = diagnose(profile.layout, management.store, management.state, management.inventory, troubles=troubles)
        assert [(one.kind, one.problem) for one in found] == [("failing", f"ValueError in hook broken: {told}")]
    finally:
        await host.stop()


def test_two_that_want_one_command_are_in_conflict(profile, build, found):
    profile.install(build("a", more=ROLLS), build("b", more=ROLLS))
    profile.enable("a", "b")
    assert found() == [
        (
            "conflict",
            "b",
            "its command roll is that of a, too: only one of them can have it",
            "jackfield disable b, or a",
        )
    ]


def test_an_alias_clashes_as_a_command_does(profile, build, found):
    throws = '[contributes]\ncommands = [{ name = "throw", aliases = ["roll"] }]\n'
    profile.install(build("a", more=throws), build("b", more=ROLLS))
    profile.enable("a", "b")
    assert [(kind, plugin) for kind, plugin, *_ in found()] == [("conflict", "b")]


def test_a_version_that_asks_for_more_waits(profile, build, found):
    profile.install(build("a", "2.0.0", permissions=SEND))
    grant = Grant("a", SOURCE, None, (Permission("storage", ("read",)),), "1.0.0")
    profile.state.change({"wish/a": True, "grants/a": grant.to_mapping()}, by="test")
    ((kind, plugin, problem, advice),) = found()
    assert (kind, plugin, advice) == ("growth", "a", "jackfield enable a")
    assert problem == "2.0.0 asks for more than you allowed: messages:send"


def test_a_version_that_uses_another_plugin_waits(profile, build, found):
    profile.install(build("a", "2.0.0", more='[requires]\nb = "*?"\n'))
    grant = Grant("a", SOURCE, None, (), "1.0.0", requires=())
    profile.state.change({"wish/a": True, "grants/a": grant.to_mapping()}, by="test")
    ((kind, plugin, problem, advice),) = found()
    assert (kind, plugin, advice) == ("growth", "a", "jackfield enable a")
    assert problem == "2.0.0 uses more plugins than you allowed: b"


def test_files_that_were_changed_are_broken(profile, build, found):
    profile.install(build("a"))
    profile.enable("a")
    module = profile.store.active().paths[0] / "chat_a" / "__init__.py"
    module.chmod(0o644)
    module.write_text("changed = True\n")
    ((kind, plugin, problem, advice),) = found()
    assert (kind, plugin, advice) == ("broken", "a", "jackfield store verify --repair")
    assert "chat_a/__init__.py was changed since it was installed" in problem


def test_a_storage_that_cannot_be_read_is_broken_and_can_be_begun_anew_or_brought_back(profile, build, found):
    profile.install(build("a"), build("b"))
    profile.enable("a", "b")
    for plugin in "ab":
        database = PluginDatabase(profile.layout.data(plugin) / "storage.sqlite3", plugin=plugin)
        database.set("votes", ["tea"] * 1000)
        database.close()
    assert found() == []
    spoilt = profile.layout.data("a") / "storage.sqlite3"
    whole = spoilt.read_bytes()
    spoilt.write_bytes(b"other bytes" * 300 + whole[3300:])
    discard = "jackfield data discard a, to have it begin anew at the application's next start"
    assert found() == [("broken", "a", "its storage is damaged: file is not a database", discard)]
    half_way = len(whole) // 2
    spoilt.write_bytes(whole[:half_way] + bytes(4096) + whole[half_way + 4096 :])
    ((kind, plugin, problem, _),) = found()
    assert (kind, plugin) == ("broken", "a")
    assert problem.startswith("its storage is damaged: ")
    copies = Snapshots(profile.layout.root, profile.state)
    for _step in copies.take("a", 1, why="before a 2.0.0 changed its shape", by="test"):
        pass
    copies.keep("a", 1, why="nothing changed", by="test")
    ((*_, advice),) = found()
    assert advice == f"jackfield snapshots restore a {copies.of('a')[0].number}, to have a copy back; or {discard}"


def test_what_is_wrong_in_a_file_of_settings_is_told(profile, build, found):
    more = '[contributes]\nsettings = [{ key = "days", type = "integer", maximum = 10 }]\n'
    profile.install(build("a", more=more))
    profile.enable("a")
    file = profile.layout.config("a") / "settings.toml"
    file.parent.mkdir(parents=True)
    file.write_text("days = 3\n")
    assert found() == []
    file.write_text("days = 99\n")
    assert found() == [("broken", "a", f"{file}, line 1: days: 99 is above 10", "jackfield settings edit a")]
    file.write_text("days = = 3\n")
    ((kind, plugin, problem, _),) = found()
    assert (kind, plugin) == ("broken", "a")
    assert problem.startswith(f"{file}, line 1: not TOML")


def test_data_of_plugins_that_are_gone_is_orphaned(profile, build, found):
    profile.install(build("a"))
    for name in ("a", "gone", "empty", "hollow", "lost+found"):
        profile.layout.data(name).mkdir(parents=True)
    (profile.layout.data("hollow") / "data").mkdir()
    (profile.layout.data("hollow") / "data" / "told").touch()
    (profile.layout.data("gone") / "storage.sqlite3").write_bytes(bytes(2048))
    (profile.layout.data("a") / "file").write_bytes(bytes(10))
    (profile.layout.data("lost+found") / "file").write_text("no plugin's")
    ((kind, plugin, problem, advice),) = found()
    assert (kind, plugin) == ("orphaned", "gone")
    assert problem.startswith("2.0 KiB of data of a plugin that is not installed, in ")
    assert advice == "jackfield install gone to use it again, or jackfield remove gone --purge"


def test_what_failed_when_the_application_last_ran_is_told(profile, build, found):
    profile.install(build("a"), build("b"))
    profile.enable("a")
    Starts(profile.layout.starts).note_failures({"a": "ValueError: no paint (in on_enable)", "b": "is disabled now"})
    assert found() == [
        (
            "failed",
            "a",
            "ValueError: no paint (in on_enable), when the application last ran",
            "jackfield logs a, or jackfield disable a",
        )
    ]


def test_who_held_up_the_last_start_is_slow(profile, build, found):
    profile.install(build("a"), build("b"))
    profile.enable("a")
    profile.layout.run.mkdir(parents=True, exist_ok=True)
    Starts(profile.layout.starts).note_slow({"a": 3.25, "b": 9.0, "c": 0.2})
    assert found() == [
        ("slow", "a", "it took 3.2 s of the last start; 1 s are much", "tell its author, or jackfield disable a")
    ]


def test_safe_mode_and_a_search_that_was_cut_off_come_first(profile, build, found):
    profile.install(build("a"))
    profile.enable("a")
    profile.layout.run.mkdir(parents=True, exist_ok=True)
    for _ in range(3):
        Starts(profile.layout.starts).begin("set", chosen=False)
    trial = Trial(profile.state, ("a",), "test")
    trial.begin()
    trial.run_with(())
    assert [one[0] for one in found()] == ["safe mode", "unfinished"]
    assert [one[3] for one in found()] == ["jackfield bisect", "jackfield bisect --restore"]


def test_a_manifest_that_cannot_be_read_is_named(profile, build, tmp_path, found):
    good = build("a", manifest=manifest_text("a"))
    profile.install(good)
    profile.enable("a")
    manifest = profile.store.active().paths[0] / "chat_a" / "plugin.toml"
    manifest.chmod(0o644)
    manifest.write_text("nonsense")
    kinds = [one[0] for one in found()]
    assert "broken" in kinds


@pytest.mark.parametrize("damage", ["pointer gone", "pointer damaged", "generation damaged"])
def test_a_damaged_record_of_what_is_installed_is_told_with_all_else_that_can_be(profile, build, found, damage):
    profile.install(build("a"))
    profile.enable("a")
    profile.layout.run.mkdir(parents=True, exist_ok=True)
    Starts(profile.layout.starts).begin("set", chosen=True)
    (profile.layout.data("a")).mkdir(parents=True)
    (profile.layout.data("a") / "kept").write_text("the only copy")
    if damage == "pointer gone":
        profile.layout.current.unlink()
    elif damage == "pointer damaged":
        profile.layout.current.write_text("nonsense")
    else:
        (profile.layout.generations / "1" / "inline" / "pylock.toml").write_text("nonsense = [")
    told = found()
    assert [kind for kind, *_ in told] == ["safe mode", "broken"], "once, and nobody is told to purge what is in use"
    _, plugin, problem, advice = told[1]
    assert plugin is None
    assert {"pointer gone": "current is gone", "pointer damaged": "current is damaged"}.get(damage, "pylock") in problem
    assert "jackfield rollback" in advice


def test_a_home_that_is_no_folder_is_told(tmp_path):
    """A link whose disk is not mounted: reading finds nothing there, and nothing can be written."""
    link = tmp_path / "home"
    link.symlink_to(tmp_path / "unmounted" / "home")
    layout = Layout(link / "chat" / "named")
    management = Management("chat", layout, [], hostfile(), environment=Environment(("chat.plugins",), path=[]))
    (finding,) = diagnose(layout, management.store, management.state, management.inventory)
    assert (finding.kind, finding.plugin, finding.is_note) == ("unwritable", None, False)
    assert finding.problem.endswith(f"{link} is a link that leads to no folder")
    assert "JACKFIELD_HOME" in finding.advice
