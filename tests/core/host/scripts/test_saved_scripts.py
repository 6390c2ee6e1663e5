"""Scripts that are saved while the host runs: whole, half, broken, under another id."""

from __future__ import annotations

import sys

import pytest
from jackfield.host import State

from tests.support.script_folder import write


@pytest.mark.feature("M3", "M36", "M38")
async def test_scripts_come_change_and_go_while_the_host_runs(folder, start, tmp_path):
    counter = (
        "runs = 0\ndef on_load(server, previous):\n    global runs\n    runs = previous.runs + 1 if previous else 1\n"
    )
    host = await start()
    path = write(folder, "counter.py", counter + "def asked():\n    return runs\n")
    await host.reload_changes()
    assert host.hook.asked() == [1]
    first = sys.modules["jackfield_script_counter"]
    write(folder, "counter.py", counter + "def asked():\n    return -runs\n")
    await host.reload_changes()
    assert host.hook.asked() == [-2]
    assert sys.modules["jackfield_script_counter"] is not first
    gone = tmp_path / "gone"
    write(folder, "counter.py", f"def on_removed(server):\n    open({str(gone)!r}, 'w').close()\n")
    await host.reload_changes()
    path.unlink()
    await host.reload_changes()
    assert gone.exists()
    assert list(host.plugins) == []
    assert "jackfield_script_counter" not in sys.modules


async def test_a_saved_version_that_does_not_load_leaves_the_old_one_running(folder, start):
    write(folder, "a.py", "def asked():\n    return 'old'\n")
    host = await start()
    write(folder, "a.py", "1 / 0\n")
    await host.reload_changes()
    assert host.hook.asked() == ["old"]
    assert "ZeroDivisionError" in host.plugins.status("a").problem
    write(folder, "a.py", "def asked():\n    return 'newer'\n")
    await host.reload_changes()
    assert (host.hook.asked(), host.plugins.status("a").problem) == (["newer"], "")


@pytest.mark.feature("M3", "M36")
async def test_a_script_that_is_saved_broken_runs_on_as_it_was_until_it_is_mended(folder, start):
    write(folder, "a.py", "def asked():\n    return 'old'\n")
    host = await start()
    write(folder, "a.py", "def asked() return\n")
    await host.reload_changes()
    assert host.hook.asked() == ["old"]
    status = host.plugins.status("a")
    assert status.state is State.ACTIVE
    assert status.problem.startswith("a was not reloaded: ")
    await host.reload_changes()
    assert host.plugins.status("a").errors == status.errors  # not tried again before it is saved again
    write(folder, "a.py", "def asked():\n    return 'mended'\n")
    await host.reload_changes()
    assert (host.hook.asked(), host.plugins.status("a").problem) == (["mended"], "")


OTHERWISE = """
PLUGIN_METADATA = {"id": "otherwise", "version": "1.0.0"}
kept = []

def on_load(context, previous):
    kept.extend(previous.kept if previous is not None else ())

def on_removed(context):
    (context.data_dir / "removed").touch()

def asked():
    return kept
"""


@pytest.mark.feature("M3", "M36")
@pytest.mark.parametrize("half", ["", "\n", OTHERWISE[:30], OTHERWISE[-30:], "import os\n"])
async def test_a_file_that_is_saved_half_way_is_the_script_that_it_was(folder, start, half):
    write(folder, "a.py", OTHERWISE)
    host = await start()
    (answer,) = host.hook.asked()
    answer.append("before")

    write(folder, "a.py", half)
    await host.reload_changes()
    assert [status.id for status in host.plugins] == ["otherwise"]
    assert host.plugins.status("otherwise").state is State.ACTIVE

    write(folder, "a.py", OTHERWISE + "# more\n")
    await host.reload_changes()
    assert host.plugins.status("otherwise").problem == ""
    assert host.hook.asked() == [["before"]]
    assert not list(host.layout.root.rglob("removed"))


@pytest.mark.feature("M3")
async def test_a_file_whose_script_takes_another_id_is_another_one(folder, start):
    write(folder, "a.py", OTHERWISE)
    host = await start()
    write(folder, "a.py", OTHERWISE.replace("otherwise", "renamed"))
    await host.reload_changes()
    assert [status.id for status in host.plugins] == ["renamed"]
    assert list(host.layout.root.rglob("removed"))


NEEDING = """
PLUGIN_METADATA = {{"id": "{name}", "version": "1.0.0", "dependencies": {{"{need}": "{which}"}}}}
def asked():
    return "{name}"
"""


@pytest.mark.feature("M3", "M15", "M36")
async def test_whoever_needs_a_script_that_is_saved_broken_runs_on_with_it(folder, start):
    write(folder, "base.py", 'PLUGIN_METADATA = {"id": "base", "version": "1.4.0"}\ndef asked():\n    return "old"\n')
    write(folder, "near.py", NEEDING.format(name="near", need="base", which=">=1.2"))
    write(folder, "far.py", NEEDING.format(name="far", need="near", which="*"))
    host = await start()
    write(folder, "base.py", 'PLUGIN_METADATA = {"id": "base", "version": "1.4.0"}\ndef asked( return\n')
    for _ in range(2):
        await host.reload_changes()
        assert {one.id for one in host.plugins.list() if one.state is State.ACTIVE} == {"base", "far", "near"}
        assert sorted(host.hook.asked()) == ["far", "near", "old"]
    assert not host.plugins.status("near").problem
    write(folder, "late.py", NEEDING.format(name="late", need="base", which=">=2"))
    await host.reload_changes()
    assert host.plugins.status("late").problem == "needs base >=2, found 1.4.0"
    write(folder, "base.py", 'PLUGIN_METADATA = {"id": "base", "version": "1.5.0"}\ndef asked():\n    return "new"\n')
    await host.reload_changes()
    assert sorted(host.hook.asked()) == ["far", "near", "new"]
    write(folder, "base.py", "def asked( return\n")
    await host.disable("base")
    assert host.plugins.status("near").problem.startswith("needs base, which is disabled")


CHAINED = """
PLUGIN_METADATA = {{"id": "{name}", "version": "{version}.0.0", "dependencies": {{{needs}}}}}
def on_enable(context):
    {enabling}
def asked():
    return "{name} {version}"
"""


@pytest.mark.feature("M3", "M24", "M36")
async def test_new_code_beside_which_another_failed_comes_when_that_one_is_mended(folder, start):
    def save(name, version, need="", enabling="pass"):
        needs = f'"{need}": "*"' if need else ""
        text = CHAINED.format(name=name, version=version, needs=needs, enabling=enabling)
        write(folder, f"{name}.py", text)

    def save_all(version, **middle):
        save("below", version)
        save("middle", version, "below", **middle)
        save("top", version, "middle")

    save_all(1)
    host = await start()
    save_all(2, enabling="1 / 0")
    await host.reload_changes()
    assert sorted(host.hook.asked()) == ["below 1", "middle 1", "top 2"]
    assert host.plugins.status("middle").problem.startswith("middle was not reloaded: ZeroDivisionError")
    below = host.plugins.status("below")
    assert (below.version, below.errors) == ("1.0.0", 0)
    assert below.problem == "below was not reloaded: middle failed beside its new code; the code before runs on"

    await host.reload_changes()
    assert sorted(host.hook.asked()) == ["below 1", "middle 1", "top 2"]  # nothing was saved: nothing is tried again
    save("middle", 3, "below")
    await host.reload_changes()
    assert sorted(host.hook.asked()) == ["below 2", "middle 3", "top 2"]
    assert [one.problem for one in host.plugins] == ["", "", ""]


async def failed_together(folder, start):
    """A host whose `base` was saved together with a `user` that needs it and fails."""
    needing = NEEDING.format(name="user", need="base", which="*")
    write(folder, "base.py", 'PLUGIN_METADATA = {"id": "base"}\ndef asked():\n    return "old"\n')
    write(folder, "user.py", needing)
    host = await start()
    write(folder, "base.py", 'PLUGIN_METADATA = {"id": "base"}\ndef asked():\n    return "new"\n')
    write(folder, "user.py", needing + "1 / 0\n")
    await host.reload_changes()
    return host


async def test_new_code_beside_which_another_failed_comes_when_that_one_is_gone(folder, start):
    host = await failed_together(folder, start)
    assert sorted(host.hook.asked()) == ["old", "user"]
    (folder / "user.py").unlink()
    await host.reload_changes()
    assert host.hook.asked() == ["new"]
    assert host.plugins.status("base").problem == ""


async def test_new_code_that_fails_by_itself_is_not_tried_again_once_the_other_one_is_gone(folder, start, tmp_path):
    loads = tmp_path / "loads"
    base = (
        'PLUGIN_METADATA = {{"id": "base"}}\n'
        f"def on_load(server, previous):\n    with open({str(loads)!r}, 'a') as file:\n"
        "        file.write('{version} ')\n"
        "    {then}\n"
        "def asked():\n    return '{version}'\n"
    )
    needing = NEEDING.format(name="user", need="base", which="*")
    write(folder, "base.py", base.format(version="old", then="pass"))
    write(folder, "user.py", needing)
    host = await start()
    write(folder, "base.py", base.format(version="new", then="1 / 0"))
    write(folder, "user.py", needing + "1 / 0\n")
    await host.reload_changes()
    assert sorted(host.hook.asked()) == ["old", "user"]
    (folder / "user.py").unlink()
    for _ in range(3):
        await host.reload_changes()
        assert host.hook.asked() == ["old"]
        assert loads.read_text().split() == ["old", "new", "old"]
    assert host.plugins.status("base").errors == 1


async def test_new_code_that_is_saved_broken_is_not_tried_again_once_the_other_one_is_gone(folder, start, caplog):
    host = await failed_together(folder, start)
    (folder / "user.py").unlink()
    write(folder, "base.py", 'PLUGIN_METADATA = {"id": "base"}\ndef asked() return\n')
    await host.reload_changes()
    told = len(caplog.records)
    await host.reload_changes()
    assert len([one for one in caplog.records[told:] if "was not reloaded" in one.message]) == 0
    assert host.hook.asked() == ["old"]
    write(folder, "base.py", 'PLUGIN_METADATA = {"id": "base"}\ndef asked():\n    return "mended"\n')
    await host.reload_changes()
    assert host.hook.asked() == ["mended"]
