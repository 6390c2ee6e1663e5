"""What the host's environment holds is fixed, wherever on the path it lies."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from jackfield.errors import PluginError, StoreError
from jackfield.management import Management
from jackfield.management.environment import Environment
from jackfield.store import Layout, StoredFile

from tests.support.profiles import hostfile
from tests.support.wheels import WheelSource, plugin_source, unpack

GROUPS = ("chat.plugins",)


def files(*paths: str) -> dict[str, StoredFile]:
    return dict.fromkeys(paths, StoredFile("0" * 64, "sha256=", 1))


def refuses_mapper_alone(path: str) -> None:
    environment = Environment(GROUPS, path=["/nowhere", path])
    with pytest.raises(StoreError, match="the package mapper would hide behind"):
        environment.refuse_shadowing(files("chart/__init__.py", "mapper/__init__.py"))
    environment.refuse_shadowing(files("chart/__init__.py", "mapperly/__init__.py", "map.py"))


@pytest.mark.parametrize("taken", ["mapper.py", "mapper/__init__.py", "mapper/part.py", "mapper.abi3.so"])
def test_a_name_of_the_environment_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: str):
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).touch()
    refuses_mapper_alone(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    refuses_mapper_alone("")


def test_a_name_in_an_archive_on_the_path_is_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("mapper/__init__.py", "")
    refuses_mapper_alone(str(tmp_path / "all.zip"))


def test_a_name_of_python_itself_is_refused():
    with pytest.raises(StoreError, match="the package json would hide behind Python's own module"):
        Environment(GROUPS, path=[]).refuse_shadowing(files("json/__init__.py"))


def test_a_folder_without_init_may_be_shared(tmp_path: Path):
    (tmp_path / "shared").mkdir()
    Environment(GROUPS, path=[str(tmp_path)]).refuse_shadowing(files("shared/part/__init__.py"))


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
async def test_a_plugin_that_is_called_as_a_library_of_the_application_takes_its_place_nowhere(
    tmp_path: Path, version: str
):
    unpack(WheelSource("mapper", files={"mapper/__init__.py": ""}), tmp_path / "site")
    impostor = plugin_source("guide", version)
    impostor.name = "Mapper"
    environment = Environment(GROUPS, path=[str(tmp_path / "site")])
    management = Management("chat", Layout(tmp_path / "profile"), [], hostfile(), environment=environment)
    with pytest.raises(PluginError, match=r"own environment has mapper 1\.0\.0, which stays"):
        await management.plan_install([str(impostor.build(tmp_path / "wheels"))])
