"""A generation as files: read once, read anew where they changed; the lock file rules."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import replace

import pytest
from jackfield.errors import StoreError

from tests.support.descriptors import nothing_opens


def lock_of(store):
    return store.active().folder / "inline" / "pylock.toml"


def about_of(store):
    return store.active().folder / "generation.json"


@pytest.fixture
def poll(install, plugin, store):
    pin, wheel = plugin("poll")
    install((pin, wheel), what="poll")
    return pin


def test_what_is_read_of_the_lock_file_and_what_stands_beside_it_is_the_same(store, poll, plugin, install):
    install((poll, None), plugin("dice"), what="dice")
    packages = tomllib.loads(lock_of(store).read_text(encoding="utf-8"))["packages"]
    assert [package["name"] for package in packages] == ["chat-dice", "chat-poll"]
    assert json.loads(about_of(store).read_bytes())["packages"] == packages
    before = store.active()
    about = json.loads(about_of(store).read_bytes())
    del about["packages"], about["lock_sha256"]  # as an older jackfield wrote it
    about_of(store).write_text(json.dumps(about), encoding="utf-8")
    assert store.active() == before
    assert store.active() is not before


def test_what_is_read_of_a_lock_file_is_what_a_pin_says_that_a_lock_keeps(store, plugin, install):
    pin, wheel = plugin("poll")
    said = replace(
        pin.file,
        url="https://x.example/poll.whl",
        requires_python=">=3.11",
        yanked="broken",
        metadata_sha256="1" * 64,
        manifest_sha256="2" * 64,
        attestation_sha256="3" * 64,
        upload_time="2026-01-01T00:00:00Z",
        upstream="https://up.example",
        rollout=10,
        halted="it breaks",
        security="a hole",
        security_confirmed=True,
    )
    install((replace(pin, file=said, requires=("jflib",)), wheel))
    (read,) = store.active().pins
    assert read == replace(pin, file=said, requires=("jflib",)).locked()
    assert read.locked() is read


def test_a_generation_is_read_once(store, poll):
    assert store.active() is store.active()


def test_a_lock_file_that_was_edited_counts_and_not_what_was_read_of_it_before(store, poll):
    assert [pin.version for pin in store.active().pins] == ["1.0.0"]
    text = lock_of(store).read_text(encoding="utf-8")
    lock_of(store).write_text(text.replace('version = "1.0.0"', 'version = "1.0.9"'), encoding="utf-8")
    assert [pin.version for pin in store.active().pins] == ["1.0.9"]


@pytest.mark.parametrize("damage", ["", "[]", "{}", "\udcff", '{"lock_sha256": 1}', "null"])
@pytest.mark.parametrize("which", [lock_of, about_of])
def test_a_damaged_file_is_a_sentence_though_it_was_read_before(store, poll, which, damage):
    path = which(store)
    path.write_bytes(damage.encode("utf-8", "surrogateescape"))
    if which is lock_of and not damage:
        assert store.active().pins == ()  # an empty document is a lock file of nothing
        return
    with pytest.raises(StoreError) as caught:
        store.active()
    assert caught.value.message == f"{path} is missing or damaged"


def test_what_cannot_be_read_just_now_is_not_called_damaged(store, layout, poll):
    number = store.active_number()
    with nothing_opens(), pytest.raises(StoreError) as pointer:
        store.active_number()
    assert pointer.value.message == f"{layout.current} cannot be read: Too many open files"
    about = about_of(store)
    os.utime(about, ns=(1, 1))  # else what was read before counts
    with nothing_opens(), pytest.raises(StoreError) as generation:
        store.generation(number)
    assert generation.value.message == f"{about} cannot be read: Too many open files"
    assert (pointer.value.hint, generation.value.hint) == (None, None)  # no way back leads out of it


@pytest.mark.parametrize("which", [lock_of, about_of])
def test_the_file_that_is_gone_is_named(store, poll, which):
    path = which(store)
    path.unlink()
    with pytest.raises(StoreError) as caught:
        store.active()
    assert caught.value.message == f"{path} is missing or damaged"


def test_an_empty_set_is_a_lock_file_too(store, install, poll):
    install(what="nothing")
    assert tomllib.loads(lock_of(store).read_text(encoding="utf-8"))["packages"] == []
    assert store.active().pins == ()
