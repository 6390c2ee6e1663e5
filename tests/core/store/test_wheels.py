"""Unpacking holds by itself, whatever was looked at before: no inspection stands in front of it here."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield.errors import WheelError
from jackfield.store.bytecode import Compiler
from jackfield.store.wheels import unpack

from tests.support.hostile_wheels import with_member, with_record
from tests.support.wheels import build_plugin, record_hash


def unpacked(wheel: Path, folder: Path) -> Path:
    with Compiler() as compiler:
        return unpack(wheel, folder / "below" / "tree", final=folder / "store", compiler=compiler).tree


def test_a_good_wheel_is_unpacked(tmp_path):
    assert (unpacked(build_plugin(tmp_path / "wheels", "poll"), tmp_path) / "chat_poll" / "__init__.py").is_file()


@pytest.mark.parametrize(
    "name", ["../out.py", "chat_poll/../../out.py", "{tmp_path}/out.py", "chat_poll\\..\\out.py", "C:out.py"]
)
def test_a_path_that_leads_out_of_its_folder_is_refused(tmp_path, name):
    wheel = with_member(tmp_path / "wheels", name.format(tmp_path=tmp_path))
    with pytest.raises(WheelError):
        unpacked(wheel, tmp_path)
    assert not list(tmp_path.rglob("*out.py*"))


def test_what_record_does_not_say_is_refused(tmp_path):
    wheel = with_record(tmp_path, lambda rows: [f"chat_poll/__init__.py,{record_hash(b'other')},5", *rows[1:]])
    with pytest.raises(WheelError, match="cannot be unpacked"):
        unpacked(wheel, tmp_path)
