"""Files of the store that are damaged or edited: found on use, named, brought back, never passed on."""

from __future__ import annotations

import os
import shutil
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jackfield.errors import StoreError, WheelError
from jackfield.store import Activation, now

from tests.support.examples import examples
from tests.support.profiles import Profile
from tests.support.wheels import build_plugin

SOURCE = "tree/chat_poll/__init__.py"


def edit(path, text="raise SystemExit('edited')\n"):
    path.chmod(0o644)
    path.write_text(text)


def missing(path):
    path.unlink()


def as_folder(path):
    path.unlink()
    path.mkdir()
    (path / "inner.py").write_text("")


def as_link(path):
    path.unlink()
    path.symlink_to("/etc/hostname")


def beside(path):
    (path.parent / "extra.py").write_text("")


DAMAGE = {
    "edited": (edit, {(SOURCE, "changed")}),
    "emptied": (lambda path: edit(path, ""), {(SOURCE, "changed")}),
    "removed": (missing, {(SOURCE, "missing")}),
    "a folder": (as_folder, {(SOURCE, "missing"), (f"{SOURCE}/inner.py", "added")}),
    "a link": (as_link, {(SOURCE, "changed")}),
    "another file": (beside, {("tree/chat_poll/extra.py", "added")}),
    "its folder gone": (
        lambda path: shutil.rmtree(path.parent),
        {(SOURCE, "missing"), ("tree/chat_poll/plugin.toml", "missing")},
    ),
    "RECORD edited": (
        lambda path: edit(next(path.parents[1].glob("*.dist-info/RECORD")), "x,,\n"),
        {("tree/chat_poll-1.0.0.dist-info/RECORD", "changed")},
    ),
    "the stamp gone": (lambda path: (path.parents[2] / "stamp.json").unlink(), {("stamp.json", "unreadable")}),
}


@pytest.fixture
def poll(install, plugin):
    pin, wheel = plugin("poll")
    install((pin, wheel), what="poll")
    return pin, wheel


def source_of(store, pin):
    return store.entries.tree(pin.file.sha256) / "chat_poll" / "__init__.py"


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_named_and_mended_before_the_next_generation(name, store, install, plugin, poll):
    damage, expected = DAMAGE[name]
    text = source_of(store, poll[0]).read_bytes()
    damage(source_of(store, poll[0]))
    found = {(one.path, one.what) for one in store.entries.damage(poll[0].file.sha256)}
    assert {one for one in found if ".pyc" not in one[0]} == expected
    steps = install((poll[0], poll[1]), plugin("dice"), what="again")
    assert steps.count("wheel-mended") == 1
    assert store.verify() == {}
    assert source_of(store, poll[0]).read_bytes() == text
    assert not source_of(store, poll[0]).stat().st_mode & 0o222
    assert not store.layout.unfinished.exists()


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_by_one_who_has_found_the_wheel_whole_before(name, store, poll):
    damage, expected = DAMAGE[name]
    assert store.sound(poll[0])
    assert store.sound(poll[0])  # by a glance
    damage(source_of(store, poll[0]))
    assert not store.sound(poll[0])
    found = {(one.path, one.what) for one in store.entries.damage(poll[0].file.sha256)}
    assert {one for one in found if ".pyc" not in one[0]} == expected


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_of_one_wheel_is_found_by_one_who_looks_at_a_whole_set(name, store, install, plugin):
    poll, dice, *_ = wheels = [plugin("poll"), plugin("dice"), plugin("cards")]
    install(*wheels)
    names = frozenset(pin.file.sha256 for pin, _ in wheels)
    assert store.all_sound(names) == names
    assert store.all_sound(names) == names  # by one glance at all
    damage, _ = DAMAGE[name]
    damage(source_of(store, poll[0]))
    assert store.all_sound(names) == names - {poll[0].file.sha256}
    assert store.all_sound({dice[0].file.sha256, "0" * 64}) == {dice[0].file.sha256}


def test_a_byte_that_changed_without_the_size_is_found_by_one_who_has_found_the_wheel_whole_before(store, poll):
    assert store.sound(poll[0])
    source = source_of(store, poll[0])
    before = source.stat()
    source.chmod(0o644)
    with source.open("r+b") as file:
        file.write(b"#")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not store.sound(poll[0])


def test_bytecode_that_was_edited_is_found(store, poll):
    (bytecode,) = (source_of(store, poll[0]).parent / "__pycache__").iterdir()
    bytecode.chmod(0o644)
    bytecode.write_bytes(bytecode.read_bytes() + b"\0")
    (damage,) = store.verify()[poll[0].file.sha256]
    assert str(damage).endswith(".pyc was changed")
    store.repair(poll[0])
    assert store.verify() == {}


def test_times_alone_are_no_damage_and_another_pythons_bytecode_is_none(store, poll):
    source = source_of(store, poll[0])
    os.utime(source, (1, 1))
    (source.parent / "__pycache__" / "__init__.cpython-399.pyc").write_bytes(b"")
    assert store.verify() == {}
    assert store.verify(thorough=False) == {}


def test_a_rotten_bit_that_no_time_tells_is_found_by_a_thorough_look(store, poll):
    source = source_of(store, poll[0])
    stamp = store.layout.store / poll[0].file.sha256 / "stamp.json"
    edit(source, source.read_text().replace("pass", "exit"))
    status = source.stat()
    import json

    rows = json.loads(stamp.read_text())
    rows["chat_poll/__init__.py"][1:] = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    stamp.write_text(json.dumps(rows))
    assert store.verify(thorough=False) == {}
    assert [str(one) for one in store.verify()[poll[0].file.sha256]] == ["chat_poll/__init__.py was changed"]
    store.repair(poll[0])
    assert store.verify() == {}


def test_a_damaged_wheel_beside_a_damaged_file_has_to_be_fetched(store, install, poll):
    stored = store.wheel(poll[0].file.sha256)
    assert not store.lacks(poll[0])
    stored.write_bytes(stored.read_bytes()[:-10])
    assert not store.lacks(poll[0])  # nothing has to be mended with it
    edit(source_of(store, poll[0]))
    assert store.lacks(poll[0])
    with pytest.raises(StoreError, match=r"is damaged in the store: chat_poll/__init__\.py was changed"):
        store.repair(poll[0])
    store.repair(poll[0], poll[1])
    assert store.verify() == {}
    assert store.wheel(poll[0].file.sha256).read_bytes() == poll[1].read_bytes()


def test_an_entry_that_is_taken_away_while_it_is_looked_at_is_damaged_and_no_failure(store, poll):
    sha256 = poll[0].file.sha256
    entry = store.layout.store / sha256
    aside = entry.with_name("aside")
    ended = threading.Event()

    def take_away() -> None:
        while not ended.is_set():
            entry.rename(aside)
            aside.rename(entry)

    taking = threading.Thread(target=take_away)
    taking.start()
    try:
        told = {one.what for _ in range(400) for one in store.entries.damage(sha256, thorough=True)}
        found = {store.entries.wheel(sha256) for _ in range(2000)}
    finally:
        ended.set()
        taking.join()
    assert told <= {"missing", "unreadable"}
    assert found <= {None, entry / poll[1].name}
    assert store.verify() == {}


def test_a_file_in_the_place_of_an_entry_makes_room_for_it(store, poll):
    tree = source_of(store, poll[0]).parents[1]
    entry = tree.parent
    shutil.rmtree(entry)
    entry.write_text("in the way")
    store.repair(poll[0], poll[1])
    assert (tree / "chat_poll" / "plugin.toml").is_file()
    assert not store.verify()


def test_a_fetched_wheel_that_is_another_mends_nothing(store, poll, plugin):
    edit(source_of(store, poll[0]))
    store.wheel(poll[0].file.sha256).unlink()
    with pytest.raises(WheelError, match="as was promised"):
        store.repair(poll[0], plugin("dice")[1])
    assert store.lacks(poll[0])


def test_a_rollback_mends_what_it_goes_back_to(store, install, plugin, poll):
    install(plugin("dice"), what="dice")
    edit(source_of(store, poll[0]))
    back = Activation("back", 2, 1, now(), "tester", "back", undoes=("t-dice",))
    with store.lock(by="tester"):
        assert "wheel-mended" in list(store.activate(back, record=lambda _: None))
    assert store.verify() == {}
    assert store.active_number() == 1


@given(data=st.data())
@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_is_done_to_the_files_of_an_entry_it_can_be_repaired(data, store, poll):
    entry = store.layout.store / poll[0].file.sha256
    files = sorted(path for path in entry.rglob("*") if path.is_file() and path.suffix != ".whl")
    actions = st.sampled_from([edit, missing, as_link, as_folder])
    done = data.draw(st.dictionaries(st.sampled_from(files), actions, min_size=1, max_size=4))
    for path, action in done.items():
        action(path)
    store.repair(poll[0])
    assert store.verify() == {}


async def test_a_host_runs_no_edited_code_and_names_the_file(layout, tmp_path):
    profile = Profile(layout)
    profile.install(build_plugin(tmp_path, "poll"), build_plugin(tmp_path, "dice"))
    profile.enable("poll", "dice")
    pin = profile.store.active().plugins["poll"]
    edit(source_of(profile.store, pin))
    host = profile.host()
    await host.start()
    try:
        status = host.plugins.status("poll")
        assert status.state == "blocked"
        assert status.problem == (
            "chat_poll/__init__.py was changed since it was installed: jackfield store verify --repair"
        )
        assert host.plugins.status("dice").state == "active"
        profile.store.repair(pin)
        await host.reload_changes()
        assert host.plugins.status("poll").state == "active"
    finally:
        await host.stop()
