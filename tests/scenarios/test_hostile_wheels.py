"""Hostile wheels, as files and from an index that looks at nothing: refused by name, and nothing of them stays.

The marketplace's own refusals are in tests/marketplace/test_hostile_uploads.py, the checks themselves in
tests/core/inspection/test_attacks.py; here stands what a user reads whom such a wheel has reached all the same.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jackfield.errors import WheelError
from jackfield.management import Management
from jackfield.manifest import read_hostfile
from jackfield.store import Layout

from tests.support import hostile_wheels as hostile
from tests.support.careless_index import careless_index, shown
from tests.support.profiles import HOSTFILE
from tests.support.wheels import build_plugin, manifest_text, plugin_source

pytestmark = [pytest.mark.slow, pytest.mark.feature("C24", "C25")]

INFO = "chat_poll-1.0.0.dist-info"
TABLE: dict[str, str] = {}


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    """The table of hostile wheels, with `pytest -s`."""
    yield
    print(f"\n\n{'wheel':<46} what the user reads")
    for attack, sentence in TABLE.items():
        print(f"{attack:<46} {sentence}")


def metadata(folder: Path, old: str, new: str) -> Path:
    """A wheel whose METADATA says something else."""
    text = plugin_source("poll").metadata().replace(old, new)
    return hostile.with_changed(folder, f"{INFO}/METADATA", text.encode())


def cut(folder: Path, part: float) -> Path:
    """The beginning of a good wheel."""
    path = build_plugin(folder, "poll")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    return path


def other_hashes(rows: list[str]) -> list[str]:
    """RECORD with other hashes."""
    return [row.replace("sha256=", "sha256=A") for row in rows]


ATTACKS: dict[str, Callable[[Path], Path]] = {
    "path escape": lambda folder: hostile.with_entry(folder, hostile.entry("../evil.py")),
    "absolute name": lambda folder: hostile.with_entry(folder, hostile.entry("/etc/evil")),
    "symlink": lambda folder: hostile.with_entry(folder, hostile.entry("link", mode=0o120777)),
    "device": lambda folder: hostile.with_entry(folder, hostile.entry("null", mode=0o020666)),
    "a .pth of a plugin": lambda folder: hostile.with_member(folder, "evil.pth"),
    "a .start of a plugin": lambda folder: hostile.with_member(folder, "evil.start"),
    "sitecustomize": lambda folder: hostile.with_member(folder, "sitecustomize.py"),
    "two files for one path": lambda folder: hostile.with_member(folder, "CHAT_POLL/__init__.py"),
    "a module of the host": lambda folder: hostile.with_member(folder, "jackfield/__init__.py"),
    "a module of Python": lambda folder: hostile.with_member(folder, "json/__init__.py"),
    "RECORD with other hashes": lambda folder: hostile.with_record(folder, other_hashes),
    "RECORD without a file": lambda folder: hostile.with_record(folder, lambda rows: rows[1:]),
    "zip bomb by ratio": lambda folder: hostile.zip_bomb(folder, 32 * 1024 * 1024),
    "zip bomb by a size that lies": hostile.lying_size,
    "zip bomb by overlapping files": hostile.overlapping,
    "truncated by half": lambda folder: cut(folder, 0.5),
    "truncated at the end": lambda folder: cut(folder, 0.99),
    "another name in the file's own header": hostile.renamed_locally,
    "bytes hidden in it": hostile.hidden_bytes,
    "encrypted": hostile.encrypted,
    "an unusual compression": lambda folder: hostile.with_entry(folder, hostile.entry("a", method=zipfile.ZIP_LZMA)),
    "METADATA of another name": lambda folder: metadata(folder, "Name: chat-poll", "Name: chat-dice"),
    "METADATA of another version": lambda folder: metadata(folder, "Version: 1.0.0", "Version: 2.0.0"),
    "plugin.toml of another id": lambda folder: plugin_source("poll", manifest=manifest_text("dice")).build(folder),
    "plugin.toml of another version": lambda folder: plugin_source(
        "poll", manifest=manifest_text("poll", "2.0.0")
    ).build(folder),
    "a module in look-alike letters": lambda folder: hostile.with_member(folder, "сhat/__init__.py"),  # noqa: RUF001  # it is what is tested
}


@pytest.fixture
def management(tmp_path: Path) -> Callable[..., Management]:
    hostfile = read_hostfile(HOSTFILE, source="host.toml")
    return lambda *urls: Management("chat", Layout(tmp_path / "profile"), urls, hostfile)


def nothing_stays(management: Management) -> None:
    assert management.list() == []
    assert management.store.entries.names() == ()
    assert management.state.items("") == {}
    assert not list(management.layout.root.rglob("*evil*"))


def read(error: WheelError) -> str:
    """What the user reads; it names the wheel or the plugin."""
    assert "poll" in error.message
    assert "\n" not in error.message
    return str(error)


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_wheel_given_as_a_file(management, tmp_path, attack):
    wheel = ATTACKS[attack](tmp_path / "wheels")
    with pytest.raises(WheelError) as refused:
        await management().plan_install([str(wheel)])
    TABLE[attack] = read(refused.value)
    nothing_stays(management())


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_wheel_from_an_index_that_says_it_is_a_good_one(management, tmp_path, attack):
    honest = plugin_source("poll")
    wheel = ATTACKS[attack](tmp_path / "wheels")
    with careless_index({"chat-poll": shown(honest, tmp_path, wheel=wheel)}, {"poll": "chat-poll"}) as address:
        plan = await management(address).plan_install(["poll"])
        with pytest.raises(WheelError) as refused:
            await management(address).apply(plan, accept_permissions=True, by="tester")
        read(refused.value)
        nothing_stays(management(address))


async def test_the_same_wheel_without_anything_wrong_is_installed(management, tmp_path):
    honest = plugin_source("poll")
    with careless_index({"chat-poll": shown(honest, tmp_path / "wheels")}, {"poll": "chat-poll"}) as address:
        plan = await management(address).plan_install(["poll"])
        await management(address).apply(plan, accept_permissions=True, by="tester")
        assert [row.id for row in management(address).list()] == ["poll"]
