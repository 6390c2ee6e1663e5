"""What a worker can import, in real workers: its own, then what its host publishes, then the standard library."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path

import pytest
from jackfield.errors import SandboxError
from jackfield.isolation import Zygote, packages_of
from jackfield.sandbox import Grade, grade_of, probe

from tests.support.workers import Refused, running, spec_in, tell

pytestmark = pytest.mark.skipif(grade_of(probe()) is not Grade.FULL, reason="this machine does not give every grade")
grades = pytest.mark.parametrize("grade", list(Grade))


@pytest.fixture(scope="module")
async def zygote() -> AsyncIterator[Zygote]:
    async with running() as one:
        yield one


def library(folder: Path, name: str, number: str) -> str:
    """A tree with one package and its metadata, as an unpacked wheel is."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(f"VERSION = {number!r}\n")
    (folder / name / "words.txt").write_text(f"{name} {number}")
    metadata = folder / f"{name}-{number}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")
    return str(folder)


@grades
@pytest.mark.feature("K41")
async def test_two_plugins_use_two_versions_of_one_library(zygote, tmp_path, grade):
    told = []
    for number in ("1.0", "2.0"):
        tree = library(tmp_path / number, "geocoder", number)
        child = await zygote.fork(spec_in(tmp_path / f"plugin-{number}", paths=(tree,), grade=grade))
        source = """
import geocoder, importlib.metadata, importlib.resources
words = importlib.resources.files("geocoder").joinpath("words.txt").read_text()
told = [geocoder.VERSION, importlib.metadata.version("geocoder"), words]
"""
        told.append(await tell(child, source))
        child.close()
    assert told == [["1.0", "1.0", "geocoder 1.0"], ["2.0", "2.0", "geocoder 2.0"]]


@pytest.mark.feature("K42")
async def test_its_own_come_first_then_libraries_then_required_plugins_then_the_standard_library(zygote, tmp_path):
    paths = []
    for place, names in (
        ("own", "abc_own wave"),
        ("libraries", "abc_own abc_library"),
        ("required", "abc_library x_out"),
    ):
        (tmp_path / place).mkdir()
        paths.append(str(tmp_path / place))
        for name in names.split():
            (tmp_path / place / f"{name}.py").write_text(f"FROM = {place!r}\n")
    child = await zygote.fork(spec_in(tmp_path / "plugin", paths=tuple(paths)))
    source = "import abc_own, abc_library, x_out, wave, colorsys\n"
    source += "told = [abc_own.FROM, abc_library.FROM, x_out.FROM, wave.FROM, colorsys.__name__]"
    assert await tell(child, source) == ["own", "libraries", "required", "own", "colorsys"]
    child.close()


@grades
@pytest.mark.feature("K42")
async def test_of_the_host_only_what_it_publishes_can_be_imported(zygote, tmp_path, grade):
    child = await zygote.fork(spec_in(tmp_path, grade=grade))
    for name in ("httpx", "click", "pytest", "jackfield_chat_api", "typing_extensions", "site"):
        if name != "site":  # of the standard library, and never loaded
            with pytest.raises(Refused, match="No module named"):
                await tell(child, f"import {name}")
    source = """
import importlib.metadata, importlib.resources, jackfield, msgspec, pluggy, sys, msgspec.json, jackfield.api
found = sorted((one.name.lower(), one.version) for one in importlib.metadata.distributions())
told = [found, importlib.resources.files("jackfield").joinpath("__init__.py").is_file(), "site" in sys.modules]
"""
    found, resources, site = await tell(child, source)
    assert found == sorted([name, version(name)] for name in ("jackfield", "pluggy", "msgspec"))
    assert resources
    assert not site
    with pytest.raises(Refused, match="PackageNotFoundError"):
        await tell(child, "importlib.metadata.version('httpx')")
    child.close()


async def test_the_hosts_api_is_published_where_the_host_says_so(tmp_path):
    always = ("jackfield", "pluggy", "msgspec")
    async with running(more=packages_of((*always, "jackfield-chat-api")), preload=("jackfield_chat_api",)) as zygote:
        child = await zygote.fork(spec_in(tmp_path))
        source = "import jackfield_chat_api, importlib.metadata\n"
        source += "told = [jackfield_chat_api.Message.__name__, importlib.metadata.version('jackfield-chat-api')]"
        assert await tell(child, source) == ["Message", version("jackfield-chat-api")]
        child.close()


async def test_no_pth_file_is_executed(zygote, tmp_path):
    spec = spec_in(tmp_path)
    (tmp_path / "code" / "evil.pth").write_text("import sys; sys.owned = True\n")
    child = await zygote.fork(spec)
    assert await tell(child, "import sys; told = hasattr(sys, 'owned')") is False
    child.close()


@grades
async def test_named_packages_are_found_and_what_lies_beside_them_is_not(zygote, tmp_path, grade):
    site = tmp_path / "site"
    library(site, "forecasts", "3.1")
    library(site, "secrets_of_others", "1.0")
    (site / "forecasts" / "inner").mkdir()
    (site / "forecasts" / "inner" / "deep.py").write_text("FOUND = 'deep'\n")
    (site / "single.py").write_text("FOUND = 'single'\n")
    (site / "spaces" / "part").mkdir(parents=True)
    (site / "spaces" / "part" / "__init__.py").write_text("FOUND = 'namespace'\n")
    named = {"forecasts": str(site / "forecasts"), "single": str(site / "single.py"), "spaces": str(site / "spaces")}
    metadata = (str(site / "forecasts-3.1.dist-info"),)
    child = await zygote.fork(spec_in(tmp_path, named=named, metadata=metadata, grade=grade))
    source = """
import forecasts.inner.deep, single, spaces.part, importlib.metadata
told = [forecasts.inner.deep.FOUND, single.FOUND, spaces.part.FOUND, importlib.metadata.version("Forecasts")]
"""
    assert await tell(child, source) == ["deep", "single", "namespace", "3.1"]
    with pytest.raises(Refused, match="No module named 'secrets_of_others'"):
        await tell(child, "import secrets_of_others")
    if grade is not Grade.PROCESS:  # which confines nothing
        with pytest.raises(Refused, match="No module named 'secrets_of_others'"):
            await tell(child, f"import sys; sys.path.append({str(site)!r}); import secrets_of_others")
    child.close()


@grades
async def test_of_a_shared_namespace_only_the_parts_that_are_named_are_found_or_read(zygote, tmp_path, grade):
    space = tmp_path / "site" / "spaces"
    for part in ("one", "two", "deep/three", "deep/four"):
        (space / part).mkdir(parents=True)
        (space / part / "__init__.py").write_text(f"FOUND = {part!r}\n")
    (space / "one" / "more.py").write_text("FOUND = 'more'\n")
    (space / "single.py").write_text("FOUND = 'single'\n")
    named = {
        "spaces/one": str(space / "one"),
        "spaces/deep/three": str(space / "deep" / "three"),
        "spaces/single": str(space / "single.py"),
        "spaces.libs": str(space / "two"),
    }
    child = await zygote.fork(spec_in(tmp_path, named=named, grade=grade))
    source = """
import spaces.one.more, spaces.deep.three, spaces.single
told = [one.FOUND for one in (spaces.one, spaces.one.more, spaces.deep.three, spaces.single)]
"""
    assert await tell(child, source) == ["one", "more", "deep/three", "single"]
    for other in ("spaces.two", "spaces.deep.four", "spaces.libs"):
        with pytest.raises(Refused, match=f"No module named '{other}'"):
            await tell(child, f"import {other}")
    if grade is not Grade.PROCESS:  # which confines nothing
        with pytest.raises(Refused, match=r"PermissionError|FileNotFoundError"):
            await tell(child, f"open({str(space / 'deep' / 'four' / '__init__.py')!r})")
    child.close()


async def test_a_plugin_does_not_replace_what_the_host_publishes(zygote, tmp_path):
    spec = spec_in(tmp_path)
    library(tmp_path / "code", "pluggy", "0.1")
    child = await zygote.fork(spec)
    assert await tell(child, "import pluggy; told = pluggy.__version__") == version("pluggy")
    child.close()


def test_packages_of_distributions_are_found_without_importing_them():
    found = packages_of(("pluggy", "jackfield-chat-api", "httpx"))
    assert set(found.named) == {"pluggy", "jackfield_chat_api", "httpx"}
    assert all(Path(place).is_dir() for place in found.named.values())
    assert [Path(folder).name.partition("-")[0] for folder in found.metadata] == [
        "pluggy",
        "jackfield_chat_api",
        "httpx",
    ]


def test_a_distribution_that_is_not_installed_is_a_sentence():
    with pytest.raises(SandboxError, match="jackfield-nowhere is not installed"):
        packages_of(("jackfield-nowhere",))


def test_a_library_that_says_it_holds_the_whole_disk_opens_nothing_of_it(tmp_path, monkeypatch):
    metadata = Path(library(tmp_path / "site", "geocoder", "1.0")) / "geocoder-1.0.dist-info"
    told = ["geocoder/__init__.py", "geocoder-1.0.dist-info/METADATA", "/etc/passwd", "../../../etc/passwd", "."]
    told += ["geocoder-1.0.dist-info/../../../METADATA", "geocoder/../../../etc/passwd"]
    (metadata / "RECORD").write_text("".join(f"{one},,\n" for one in told))
    monkeypatch.syspath_prepend(tmp_path / "site")
    found = packages_of(["geocoder"])
    assert dict(found.named) == {"geocoder": str(tmp_path / "site" / "geocoder")}
    assert found.metadata == (str(metadata),)
