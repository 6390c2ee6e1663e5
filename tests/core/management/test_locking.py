"""The very same set elsewhere: from a lock file, from a bundle without network, for another Python and platform."""

from __future__ import annotations

import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from jackfield.errors import MarketError, PluginError, ResolutionError, UsageError, WheelError
from jackfield.management import Management, as_pylock, as_requirements, opened
from jackfield.manifest import HostFile, read_hostfile
from jackfield.resolution import Target
from jackfield.store import Layout, read_lockfile

from tests.core.management.conftest import HOST
from tests.core.management.story import SEND, installed

pytestmark = [pytest.mark.slow, pytest.mark.feature("C45", "U8", "U11")]

HERE = Target.current().name
OTHER = "windows-amd64-cp312"


@pytest.fixture
def elsewhere(tmp_path: Path, hostfile: HostFile) -> Callable[..., Management]:
    """Makes the management of another profile: `elsewhere(url, …)`."""

    def make(*urls: str, host: HostFile | None = None) -> Management:
        return Management("chat", Layout(tmp_path / "elsewhere"), urls, host or hostfile)

    return make


async def taken_over(management: Management, file: Path) -> None:
    with opened(file) as (lock, local):
        plan = await management.plan_sync(lock, local)
        assert plan.does_the_same(await management.plan_sync(lock, local))
        await management.apply(plan, accept_permissions=True, by="tester")


def hashes(management: Management) -> set[str]:
    return {pin.file.sha256 for pin in management.store.active().pins}


def sets(management: Management) -> dict[str, list[str]]:
    active = management.store.active()
    workers = {cid: [pin.file.sha256 for pin in own] for cid, own in active.workers.items()}
    return {"": [pin.file.sha256 for pin in active.inline], **workers}


async def test_a_lock_makes_the_same_set_and_removes_what_it_does_not_name(market, manage, elsewhere, tmp_path):
    market.publish_library("locklib", "1.0.0")
    market.publish("locked", "1.0.0", permissions=SEND, requires=["locklib"])
    market.publish("locked", "2.0.0", permissions=SEND, requires=["locklib"])
    market.publish("lockextra")
    here, there = manage(market.url), elsewhere(market.url)
    await installed(here, "locked==1.0.0")
    file = tmp_path / "jackfield.lock"
    file.write_text((await here.lock()).text())
    await installed(there, "lockextra")
    await taken_over(there, file)
    assert sets(there) == sets(here)
    assert [(row.id, row.version, row.state) for row in there.list()] == [("locked", "1.0.0", "enabled")]
    assert there.permissions("locked").grant.publisher == "alice"
    assert there.history()[0].what == "sync with a lock file"
    with opened(file) as (lock, local):
        assert not await there.plan_sync(lock, local), "once more there is nothing to do"
    assert [one.new for one in await there.check_updates()] == ["2.0.0"]  # it stays with its marketplace


async def test_what_a_lock_removes_is_not_said_to_move(market, manage, elsewhere, tmp_path):
    market.publish("lockstays", isolation="worker")
    market.publish("lockgoes", isolation="worker", requires=["lockgone"])
    market.publish_library("lockgone", "1.0.0")
    here, there = manage(market.url), elsewhere(market.url)
    await installed(here, "lockstays")
    file = tmp_path / "jackfield.lock"
    file.write_text((await here.lock()).text())
    await installed(there, "lockstays", "lockgoes")
    with opened(file) as (lock, local):
        plan = await there.plan_sync(lock, local)
    assert sorted(item.distribution for item in plan.removed) == ["chat-lockgoes", "lockgone"]
    assert plan.moved == {}


async def test_what_was_disabled_comes_disabled_and_unasked_and_what_is_here_keeps_its_wish(
    market, manage, elsewhere, tmp_path
):
    market.publish("lockasleep", permissions=SEND)
    market.publish("lockawake", permissions=SEND)
    here, there = manage(market.url), elsewhere(market.url)
    await installed(here, "lockasleep", "lockawake")
    here.disable("lockasleep", by="tester")
    file = tmp_path / "jackfield.lock"
    file.write_text((await here.lock()).text())
    with opened(file) as (lock, local):
        plan = await there.plan_sync(lock, local)
        assert [request.plugin for request in plan.consent] == ["lockawake"]
        assert "lockasleep comes disabled, as it was where the lock was made" in plan.notes
    await taken_over(there, file)
    assert [(row.id, row.state) for row in there.list()] == [("lockasleep", "disabled"), ("lockawake", "enabled")]
    assert there.permissions("lockasleep").grant is None
    there.enable("lockasleep", accept_permissions=True, by="tester")
    with opened(file) as (lock, local):
        assert not await there.plan_sync(lock, local)
    assert there.permissions("lockasleep").enabled, "whoever enabled it here meant it"


async def test_a_bundle_needs_no_network_and_holds_every_wheel_to_its_hash(market, manage, elsewhere, tmp_path):
    market.publish_library("packlib", "1.0.0")
    market.publish("packed", permissions=SEND, requires=["packlib"])
    here, there = manage(market.url), elsewhere()
    await installed(here, "packed")
    bundle = tmp_path / "set.bundle"
    _lock, size, notes = await here.bundle(bundle)
    assert (size, notes) == (bundle.stat().st_size, [])
    spoilt = tmp_path / "spoilt.bundle"
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(spoilt, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content + b"x" if name.endswith(".whl") else content)
    with pytest.raises(WheelError, match="is not the file that its lock names"):
        await taken_over(there, spoilt)
    assert there.list() == []
    await taken_over(there, bundle)
    assert sets(there) == sets(here)
    assert [(row.id, row.state) for row in there.list()] == [("packed", "enabled")]


async def test_a_file_that_was_exchanged_at_its_source_is_refused(market, manage, elsewhere, tmp_path):
    market.publish("exchanged")
    here, there = manage(market.url), elsewhere(market.url)
    await installed(here, "exchanged")
    (sha256,) = hashes(here)
    file = tmp_path / "jackfield.lock"
    file.write_text((await here.lock()).text().replace(f'sha256 = "{sha256}"', f'sha256 = "{"0" * 64}"'))
    with pytest.raises((MarketError, WheelError)):
        await taken_over(there, file)
    assert there.list() == []


async def test_another_platform_gets_files_and_libraries_of_its_own(market, manage, elsewhere, tmp_path):
    market.publish_library("tagged", "1.0.0", tag="cp312-cp312-win_amd64")
    market.publish_library("tagged", "1.0.0", tag="py3-none-any")
    market.publish_library("windowsonly", "1.0.0")
    market.publish("movable", requires=["tagged", 'windowsonly ; sys_platform == "win32"'])
    here = manage(market.url)
    await installed(here, "movable")
    lock = await here.lock([HERE, OTHER])
    assert read_lockfile(lock.text().encode(), source="it").text() == lock.text()
    mine, other = lock.sets
    assert {pin.file.filename for pin in mine.pins} == {
        "chat_movable-1.0.0-py3-none-any.whl",
        "tagged-1.0.0-py3-none-any.whl",
    }
    assert {pin.file.filename for pin in other.pins} == {
        "chat_movable-1.0.0-py3-none-any.whl",
        "tagged-1.0.0-cp312-cp312-win_amd64.whl",
        "windowsonly-1.0.0-py3-none-any.whl",
    }
    alone = tmp_path / "jackfield.lock"
    alone.write_text((await here.lock([OTHER])).text())
    with pytest.raises(UsageError, match=f"the lock is for {OTHER}, this is {HERE}"):
        await taken_over(elsewhere(market.url), alone)
    with pytest.raises(UsageError, match="'vms-vax-cp312' is no target"):
        await here.lock(["vms-vax-cp312"])


async def test_a_lock_of_another_application_is_refused(market, manage, elsewhere, tmp_path):
    market.publish("lockforeign")
    here = manage(market.url)
    await installed(here, "lockforeign")
    file = tmp_path / "jackfield.lock"
    file.write_text((await here.lock()).text().replace('app = "chat"', 'app = "editor"', 1))
    with pytest.raises(UsageError, match="the lock is for editor, not for chat"):
        await taken_over(elsewhere(market.url), file)


async def test_a_lock_for_musl_is_called_so_and_holds_what_was_built_for_it(market, manage, elsewhere, tmp_path):
    musl = HERE.replace("linux-", "musllinux-", 1)
    major_minor = HERE.rpartition("-")[2]
    for library in ("manylinux_2_17", "musllinux_1_1"):
        market.publish_library("twofold", "1.0.0", tag=f"{major_minor}-{major_minor}-{library}_x86_64")
    market.publish("formusl", requires=["twofold"])
    here = manage(market.url)
    await installed(here, "formusl")
    lock = await here.lock([HERE, musl])
    assert [one.target for one in lock.sets] == [HERE, musl]
    assert [[pin.file.filename for pin in one.pins if pin.id is None] for one in lock.sets] == [
        [f"twofold-1.0.0-{major_minor}-{major_minor}-manylinux_2_17_x86_64.whl"],
        [f"twofold-1.0.0-{major_minor}-{major_minor}-musllinux_1_1_x86_64.whl"],
    ]
    alone = tmp_path / "jackfield.lock"
    alone.write_text((await here.lock([musl])).text())
    with pytest.raises(UsageError, match=f"the lock is for {musl}, this is {HERE}"):
        await taken_over(elsewhere(market.url), alone)


async def test_what_is_not_to_be_had_for_a_target_is_named_and_left_out_where_that_is_asked_for(
    market, manage, elsewhere, tmp_path
):
    market.publish_library("onlyhere", "1.0.0", tag="py3-none-linux_x86_64")
    market.publish_library("onlyhere", "1.0.0", tag="py3-none-manylinux_2_17_x86_64")
    market.publish("tiedhere", requires=["onlyhere"])
    market.publish("anywhere")
    here = manage(market.url)
    await installed(here, "tiedhere", "anywhere")
    with pytest.raises(
        ResolutionError, match=rf"^tiedhere 1\.0\.0 cannot be locked for {OTHER}: .*onlyhere"
    ) as refused:
        await here.lock([HERE, OTHER])
    assert "--skip-missing" in (refused.value.hint or "")
    lock = await here.lock([HERE, OTHER], skip_missing=True)
    mine, other = lock.sets
    assert {pin.id for pin in mine.pins if pin.id} == {"tiedhere", "anywhere"}
    assert mine.missing == {}
    assert [pin.distribution for pin in other.pins] == ["chat-anywhere"]
    assert other.publishers == {"anywhere": "alice"}
    assert "onlyhere" in other.missing["tiedhere"]
    assert read_lockfile(lock.text().encode(), source="it").sets[1].missing == other.missing
    file = tmp_path / "jackfield.lock"
    file.write_text(lock.text().replace(HERE, "linux-x86_64-cp399").replace(OTHER, HERE))
    with opened(file) as (again, local):
        plan = await elsewhere(market.url).plan_sync(again, local)
    (note,) = [note for note in plan.notes if note.startswith(f"tiedhere is not in the lock for {HERE}: ")]
    assert "onlyhere" in note
    assert [item.id for item in plan.added] == ["anywhere"]


async def test_a_host_that_went_on_blocks_by_name(market, manage, elsewhere, tmp_path):
    market.publish("older")
    here = manage(market.url)
    await installed(here, "older")
    file = tmp_path / "jackfield.lock"
    file.write_text((await here.lock()).text())
    newer = read_hostfile(HOST.replace('api_version = "1.0.0"', 'api_version = "2.0.0"'), source="host.toml")
    with pytest.raises(PluginError, match=r"older needs chat .*, this is chat 2\.0\.0"):
        await taken_over(elsewhere(market.url, host=newer), file)


async def test_an_installed_set_is_rebuilt_for_the_python_that_runs(market, manage):
    market.publish("rebuilt", "1.0.0")
    market.publish("rebuilt", "2.0.0")
    here = manage(market.url)
    await installed(here, "rebuilt==1.0.0")
    assert not await here.plan_sync()  # nothing changed: and no version moves


@pytest.mark.parametrize("content", [b"", b"\xff", b"a = 1", b"jackfield-lock = 1", b"jackfield-lock = 'x'\n"])
def test_what_is_no_lock_file_is_said_to_be_none(content):
    with pytest.raises(UsageError, match="is no lock file, or is damaged"):
        read_lockfile(content, source="some.lock")


def test_a_newer_format_names_what_it_needs():
    with pytest.raises(UsageError, match=r"some\.lock is of format 9"):
        read_lockfile(b"jackfield-lock = 9", source="some.lock")


async def test_other_tools_read_the_set_unless_two_plugins_differ_in_a_library(market, manage):
    for version in ("1.0.0", "2.0.0"):
        market.publish_library("tool-lib", version)
    market.publish("tool-one", requires=["tool-lib<2"])
    market.publish("tool-two", requires=["tool-lib>=2"])
    here = manage(market.url)
    await installed(here, "tool-one")
    pins = {pin.distribution: pin.file.sha256 for pin in here.store.active().pins}
    assert as_requirements(here.store.active()).splitlines() == [
        "# pip install --no-deps --require-hashes -r FILE",
        f"# --index-url {market.url}/simple/",
        f"chat-tool-one==1.0.0 --hash=sha256:{pins['chat-tool-one']}",
        f"tool-lib==1.0.0 --hash=sha256:{pins['tool-lib']}",
    ]
    packages = tomllib.loads(as_pylock(here.store.active()))["packages"]
    assert {one["name"]: one["wheels"][0]["hashes"]["sha256"] for one in packages} == pins
    await installed(here, "tool-two")
    with pytest.raises(UsageError, match="plugins have different files of tool-lib"):
        as_requirements(here.store.active())
