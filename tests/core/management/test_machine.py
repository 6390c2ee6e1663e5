"""What is remembered of the machine's sandbox, and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest
from jackfield.management.machine import fresh_grade, remembered_grade, telling
from jackfield.sandbox import grade_of, probe


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"JACKFIELD_HOME": str(tmp_path / "home")}


def test_it_is_tried_once_and_then_remembered(environ: dict[str, str]) -> None:
    (file,) = map(Path, telling(environ))
    assert remembered_grade(environ) == grade_of(probe()).value
    before = file.stat()
    assert remembered_grade(environ) == grade_of(probe()).value
    assert file.stat() == before


def test_what_another_system_remembered_is_not_believed(environ: dict[str, str]) -> None:
    (file,) = map(Path, telling(environ))
    fresh_grade(environ)
    written = file.read_bytes()
    boot = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    assert boot in written
    file.write_bytes(written.replace(boot, boot[::-1]).replace(b"full", b"none").replace(b"base", b"none"))
    assert remembered_grade(environ) == grade_of(probe()).value


def test_what_somebody_else_may_have_written_is_not_believed(environ: dict[str, str]) -> None:
    (file,) = map(Path, telling(environ))
    fresh_grade(environ)
    file.write_bytes(file.read_bytes().replace(b"full", b"none").replace(b"base", b"none"))
    file.chmod(0o666)
    assert remembered_grade(environ) == grade_of(probe()).value
