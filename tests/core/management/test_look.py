"""What stays in a set is looked at beside the making of it, and nothing that is damaged becomes a part of it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from jackfield.errors import JackfieldError, StoreError
from jackfield.management import Management
from jackfield.store import Layout

from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow


async def installed(management: Management, *specs: str) -> None:
    plan = await management.plan_install(specs)
    await management.apply(plan, accept_permissions=True, by="tester")


def tree_of(management: Management, plugin: str) -> Path:
    generation = management.store.active()
    return generation.tree(generation.plugins[plugin])


def overwrite(path: Path, text: str) -> None:
    path.chmod(0o644)
    path.write_text(text)


async def change_with(management: Management, damage) -> tuple[list[str], list[str]]:
    """Plan to install `comes`, do the damage, and apply: the steps, and the versions of what is whole after."""
    steps: list[str] = []
    plan = await management.plan_install(["comes"])
    damage()
    await management.apply(
        plan,
        accept_permissions=True,
        by="tester",
        progress=lambda step, *rest: steps.extend([step] if not rest else []),
    )
    damaged = await management.verify(by="tester")
    return steps, [one.distribution for one in damaged]


@pytest.fixture
async def management(market, manage) -> Management:
    for plugin in ("stays", "comes"):
        market.publish(plugin)
    made: Management = manage(market.url)
    await installed(made, "stays")
    return made


async def test_a_file_that_was_edited_is_mended_before_the_new_set_is_seen(management):
    module = next(tree_of(management, "stays").glob("*/__init__.py"))
    before = module.read_text()
    steps, damaged = await change_with(management, lambda: overwrite(module, "raise SystemExit\n"))
    assert (module.read_text(), damaged) == (before, [])
    assert steps.count("journal-begun") == 1
    assert steps.index("wheel-mended") < steps.index("generation-renamed")


async def test_a_set_that_cannot_be_made_of_what_is_damaged_is_made_of_what_is_mended(management):
    (record,) = tree_of(management, "stays").glob("*.dist-info/RECORD")
    steps, damaged = await change_with(management, record.unlink)
    assert record.is_file()
    assert (steps.count("journal-begun"), damaged) == (1, [])


async def test_what_its_own_wheel_cannot_mend_is_fetched_again(management):
    tree = tree_of(management, "stays")
    (wheel,) = tree.parent.glob("*.whl")
    module = next(tree.glob("*/__init__.py"))
    before = module.read_text()

    def damage() -> None:
        overwrite(module, "raise SystemExit\n")
        overwrite(wheel, "no wheel any more")

    steps, damaged = await change_with(management, damage)
    assert (module.read_text(), damaged) == (before, [])
    assert steps.count("journal-begun") == 1


async def test_what_nobody_can_mend_leaves_the_set_as_it_was(management, manage, layout: Layout):
    tree = tree_of(management, "stays")
    (wheel,) = tree.parent.glob("*.whl")
    plan = await management.plan_install(["comes"])
    before = management.store.active_number()
    shutil.rmtree(tree)
    overwrite(wheel, "no wheel any more")
    elsewhere = manage()  # with no marketplace that could be asked
    with pytest.raises(JackfieldError):
        await elsewhere.apply(plan, accept_permissions=True, by="tester")
    assert elsewhere.store.active_number() == before
    assert elsewhere.store.numbers() == (before,)
    assert not layout.unfinished.exists()


async def test_what_is_damaged_after_it_was_found_whole_is_found_by_the_next_change(management, market):
    """A plan takes the last look of its own process for true; the change does not."""
    market.publish("looked-after")
    await installed(management, "looked-after")
    manifest = next(tree_of(management, "stays").glob("*/plugin.toml"))
    before = manifest.read_text()
    for version, damage in (("2.0.0", "schema = "), ("3.0.0", before.replace("1.0.0", "1.0.1"))):
        market.publish("looked-after", version)
        overwrite(manifest, damage)
        plan = await management.plan_update(["looked-after"])
        await management.apply(plan, accept_permissions=True, by="tester")
        assert manifest.read_text() == before
        assert await management.verify(by="tester") == []
        assert management.store.active().plugins["looked-after"].version == version


async def test_a_wheel_that_is_gone_altogether_is_told_and_brought_back(management):
    tree = tree_of(management, "stays")
    shutil.rmtree(tree.parent)
    (told,) = await management.verify(by="tester")
    assert (told.distribution, told.damage, told.repaired) == ("chat-stays", ("its files are missing",), False)
    (mended,) = await management.verify(repair=True, by="tester")
    assert (mended.repaired, mended.problem) == (True, None)
    assert await management.verify(by="tester") == []
    assert next(tree.glob("*/__init__.py")).is_file()


async def test_what_is_being_taken_away_by_another_installer_is_not_said_to_be_damaged(management, market):
    market.publish("going")
    await installed(management, "going")
    entry = tree_of(management, "going").parent
    await management.rollback(by="tester")
    with management.store.lock(by="another"):
        next(entry.glob("*/*/__init__.py")).unlink()  # it has begun to remove it
        looking = asyncio.ensure_future(management.verify(by="tester"))
        await asyncio.wait([looking], timeout=1)  # it has seen that; where it is slower, it sees nothing
        shutil.rmtree(entry)
    assert await looking == []


async def test_what_is_damaged_on_a_disk_that_is_read_only_is_told(management, layout):
    overwrite(next(tree_of(management, "stays").glob("*/__init__.py")), "raise SystemExit\n")
    layout.install_lock.unlink()
    layout.install_lock.mkdir()  # as root no folder is closed: a lock that cannot be made stands for it
    (told,) = await management.verify(by="tester")
    assert told.distribution == "chat-stays"


async def test_a_wheel_from_a_file_whose_files_are_gone_is_told_as_that(manage, tmp_path):
    here = manage()
    await installed(here, str(build_plugin(tmp_path / "w", "poll")))
    shutil.rmtree(tree_of(here, "poll").parent)
    with pytest.raises(StoreError, match="a wheel that came from a file is not in the store any more"):
        await installed(here, str(build_plugin(tmp_path / "w", "dice")))


async def test_a_plugin_whose_files_are_gone_is_listed_with_where_it_ran(manage, tmp_path):
    here = manage()
    for plugin, isolation in (("dice", "inline"), ("poll", "worker")):
        await installed(here, str(build_plugin(tmp_path / "w", plugin, isolation=isolation)))
    for plugin in ("dice", "poll"):
        shutil.rmtree(tree_of(here, plugin).parent)
    rows = {row.id: (row.state, row.isolation) for row in manage().list()}
    assert (rows["dice"], rows["poll"]) == (("blocked", "inline"), ("blocked", "worker"))


async def test_who_repairs_what_is_whole_starts_no_compiler(manage, tmp_path, monkeypatch):
    management = manage()
    wheel = build_plugin(tmp_path / "w", "whole")
    await management.apply(await management.plan_install([str(wheel)]), accept_permissions=True, by="tester")
    started = []

    class Counted(subprocess.Popen[bytes]):
        def __init__(self, *words, **options):
            started.append(words)
            super().__init__(*words, **options)

    monkeypatch.setattr(subprocess, "Popen", Counted)
    assert await management.verify(repair=True, by="tester") == []
    assert started == []
    code = next(management.store.layout.store.glob("*/tree/chat_whole/__init__.py"))
    code.unlink()
    (mended,) = await management.verify(repair=True, by="tester")
    assert (mended.repaired, code.is_file(), len(started)) == (True, True, 1)
