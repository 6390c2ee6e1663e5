"""What is hidden below folders that workers read, for Pythons and hosts of every layout (K42)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from jackfield.sandbox import Grade, Policy, grade_of, probe, remember
from jackfield.worker.hidden import hidden_below
from jackfield.worker.policy import Interpreter, policy_of

from tests.support.confined import NOBODY, in_child
from tests.support.workers import spec_in

USR = ("/usr/lib", "/lib", "/lib64", "/usr/lib64")
WAYS: dict[str, dict[str, Any]] = {
    "full": {"grade": Grade.FULL},
    "base": {"grade": Grade.BASE},
    "base, ABI 3": {"grade": Grade.BASE, "landlock_abi_most": 3},
    "root alone": {"grade": Grade.BASE, "landlock_abi_most": 0},
}
confines = pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade")
ways = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def lib(tmp_path: Path) -> Path:
    """A folder that is read, like /usr/lib: with libraries, a standard library, and packages."""
    root = tmp_path / "lib"
    for folder in ("python3.11/json", "python3.11/site-packages/tool", "python3/dist-packages/tool", "arch"):
        (root / folder).mkdir(parents=True)
        (root / folder / "file.py").write_text(folder)
    (root / "libnative.so").write_text("native")
    return root.resolve()


def names(lib: Path, *, hosts: tuple[str, ...] = (), published: tuple[str, ...] = ()) -> list[str]:
    told = hidden_below([str(lib), str(lib / "python3.11")], [str((lib / one).resolve()) for one in hosts], published)
    return [os.path.relpath(one, lib) for one in told]


def test_packages_of_every_python_are_hidden(lib):
    (lib / "pypy3.10" / "site-packages").mkdir(parents=True)
    (lib / "python3.1").symlink_to("python3.11")
    assert names(lib) == ["pypy3.10/site-packages", "python3.11/site-packages", "python3/dist-packages"]


def test_what_the_host_imports_from_is_hidden_but_for_the_standard_library_and_what_is_read_itself(lib):
    (lib / "app.zip").write_bytes(b"")
    (lib / "app" / ".venv" / "lib").mkdir(parents=True)
    hosts = ("app.zip", "app/.venv", "app", "python3.11", ".", "..", "missing", "../elsewhere")
    assert names(lib, hosts=hosts)[:3] == ["app", "app.zip", "app/.venv"]
    assert len(names(lib, hosts=hosts)) == 5


def test_what_is_published_is_hidden_as_little_as_what_lies_in_it(lib):
    tool = lib / "python3.11" / "site-packages" / "tool"
    (tool / "vendored").mkdir()
    hosts = (str(tool), str(tool / "vendored"))
    assert names(lib, hosts=hosts, published=(str(tool),)) == ["python3.11/site-packages", "python3/dist-packages"]


def test_packages_that_are_links_into_a_store_are_hidden_where_they_lead(lib):
    store = lib / "store" / "abc-tool" / "lib" / "python3.11" / "site-packages" / "tool"
    store.mkdir(parents=True)
    environment = lib / "store" / "def-env" / "site"
    environment.mkdir(parents=True)
    (environment / "tool").symlink_to(store)
    (environment / "libraries").symlink_to(lib / "arch")
    told = names(lib, hosts=("store/def-env/site",))
    assert {"store/def-env/site", "store/abc-tool/lib/python3.11/site-packages"} <= set(told)
    assert "arch" not in told


def attempted(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except OSError as error:
        return type(error).__name__


@confines
@ways
def test_folders_and_files_are_hidden_and_all_beside_them_and_what_is_named_of_them_is_read(way, lib, tmp_path):
    (lib / "app.zip").write_bytes(b"archive")
    (lib / "python3.11" / "link").symlink_to("site-packages/tool")
    (lib / "python3" / "dist-packages" / "named").mkdir()
    (lib / "python3" / "dist-packages" / "named" / "file.py").write_text("named")
    spelled = tmp_path / "spelled"
    spelled.symlink_to(lib)
    hidden = tuple(str(lib / one) for one in ("app.zip", "python3.11/site-packages", "python3/dist-packages"))
    named = lib / "python3" / "dist-packages" / "named"
    policy = Policy(read=(*USR, str(spelled), str(named)), write=("/dev/null",), hidden=hidden, **WAYS[way])

    def work() -> list[Any]:
        files = ("libnative.so", "arch/file.py", "python3.11/json/file.py")
        told = [attempted((top / one).read_text) for top in (lib, spelled) for one in files]
        told.append(attempted((named / "file.py").read_text))
        secret = ["app.zip", "python3.11/site-packages/tool/file.py", "python3/dist-packages/tool/file.py"]
        secret += ["python3.11/link/file.py", "arch/../python3.11/site-packages/tool/file.py"]
        unlisted = ("python3.11/site-packages", "python3.11/site-packages/tool", "python3/dist-packages")
        for top in (lib, spelled):
            told += [attempted((top / one).read_bytes) for one in secret]
            told += [attempted(partial(os.listdir, top / one)) for one in unlisted]
        return told

    outcome = in_child(work, policy=policy, machine=probe())
    assert outcome.refused is None, outcome
    assert outcome.value[:7] == ["native", "arch", "python3.11/json"] * 2 + ["named"]
    assert set(outcome.value[7:]) <= {"PermissionError", "FileNotFoundError"}


@confines
@ways
def test_a_python_that_lies_in_what_is_hidden_is_read_without_its_packages(way, lib):
    python = lib / "app" / "python" / "lib"
    (python / "python3.11" / "site-packages").mkdir(parents=True)
    (python / "python3.11" / "os.py").write_text("standard")
    (python / "python3.11" / "site-packages" / "tool.py").write_text("hidden")
    (lib / "app" / "settings").write_text("hidden")
    hidden = (str(lib / "app"), str(python / "python3.11" / "site-packages"))
    policy = Policy(read=(*USR, str(lib), str(python)), hidden=hidden, **WAYS[way])

    def work() -> list[Any]:
        files = ("python3.11/os.py", "python3.11/site-packages/tool.py", "../../settings")
        return [attempted((python / one).read_text) for one in files]

    told = in_child(work, policy=policy, machine=probe()).value
    assert told[0] == "standard"
    assert set(told[1:]) <= {"PermissionError", "FileNotFoundError"}


@confines
@ways
def test_a_folder_above_what_is_hidden_may_be_one_that_the_host_cannot_list(way):
    with tempfile.TemporaryDirectory(prefix="unlisted-") as name:
        Path(name).chmod(0o755)
        lib = Path(name).resolve() / "lib"
        for folder in ("python/json", "python/site-packages", "app"):
            (lib / folder).mkdir(parents=True)
            (lib / folder / "file").write_text(folder)
        lib.chmod(0o311)
        hidden = (str(lib / "app"), str(lib / "python" / "site-packages"))
        policy = Policy(read=(*USR, str(lib), str(lib / "python")), hidden=hidden, **WAYS[way])

        def work() -> list[Any]:
            return [attempted((lib / one / "file").read_text) for one in ("python/json", "python/site-packages", "app")]

        uid = NOBODY if os.geteuid() == 0 else None
        outcome = in_child(work, policy=policy, machine=probe(), uid=uid)
        lib.chmod(0o755)
    assert outcome.refused is None, outcome
    assert outcome.value[0] == "python/json"
    assert set(outcome.value[1:]) <= {"PermissionError", "FileNotFoundError"}


@confines
@ways
def test_what_becomes_a_link_after_it_was_looked_up_leads_nowhere(way, lib):
    beside = lib / "arch"
    hidden = (str(lib / "python3.11" / "site-packages"),)
    policy = Policy(read=(*USR, str(lib)), hidden=hidden, **WAYS[way])
    remember(policy, probe())
    (beside / "file.py").unlink()
    beside.rmdir()
    beside.symlink_to("python3.11/site-packages")
    (lib / "libnative.so").unlink()
    (lib / "libnative.so").symlink_to("libnative.so")

    def work() -> list[Any]:
        files = ("python3.11/json/file.py", "arch/tool/file.py", "python3.11/site-packages/tool/file.py")
        return [attempted((lib / one).read_text) for one in files]

    outcome = in_child(work, policy=policy, machine=probe())
    assert outcome.refused is None, outcome
    assert outcome.value[0] == "python3.11/json"
    assert set(outcome.value[1:]) <= {"PermissionError", "FileNotFoundError"}


def test_what_is_named_below_something_hidden_is_read_by_a_path_of_its_own(lib):
    tool = lib / "python3.11" / "site-packages" / "tool"
    here = Interpreter((str(lib), str(lib / "python3.11")), {"tool": str(tool)}, hosts=(str(lib / "arch"),))
    assert [one for one in here.read if one.startswith(str(lib))] == [str(lib), str(tool)]
    assert {str(lib / "arch"), str(lib / "python3.11" / "site-packages")} <= set(here.hidden)


def test_a_system_folder_that_the_hosts_user_cannot_reach_is_left_out():
    with tempfile.TemporaryDirectory(prefix="closed-") as name:
        Path(name).chmod(0o755)
        closed, open_ = Path(name).resolve() / "closed", Path(name).resolve() / "open"
        for one in (closed, open_):
            (one / "lib").mkdir(parents=True)
        closed.chmod(0)

        def work() -> list[str]:
            return [one for one in Interpreter((f"{closed}/lib", f"{open_}/lib"), {}).read if one.startswith(name)]

        outcome = in_child(work, uid=NOBODY if os.geteuid() == 0 else None)
        closed.chmod(0o700)
    assert (outcome.refused, outcome.value) == (None, [f"{open_}/lib"])


def test_what_its_user_granted_is_not_hidden(lib, tmp_path):
    here = Interpreter((str(lib),), {})
    packages = str(lib / "python3" / "dist-packages")
    machine = replace(probe(), private_root=True)
    assert packages in policy_of(spec_in(tmp_path), machine, here).hidden
    assert packages not in policy_of(spec_in(tmp_path, read=(str(lib / "python3"),)), machine, here).hidden
