"""What a plugin in a process of its own can import: its trees in their order, or single packages of the environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from jackfield.discovery import api_distributions, discover, needed_distributions
from jackfield.errors import PluginError
from jackfield.host.worker_imports import published_names, worker_imports
from jackfield.isolation import ALWAYS
from jackfield.manifest import Candidate
from jackfield.store import Generation

from tests.support.profiles import Profile, hostfile
from tests.support.wheels import WheelSource, plugin_source, unpack


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[WheelSource], None]:
    """Installs wheels into a folder of `sys.path`, as pip does."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return lambda source: unpack(source, folder)


def found(plugin: str, path: tuple[Path, ...] | None = None) -> Candidate:
    (one,) = [one for one in discover(["chat.plugins"], path=path) if one.canonical_id == plugin]
    return one


@pytest.mark.feature("K42")
def test_a_plugin_of_the_store_has_its_own_tree_first_and_then_its_libraries(
    profile: Profile, build: Callable[..., Path], tmp_path: Path
) -> None:
    libraries = [
        WheelSource(name, files={f"{name}/__init__.py": ""}).build(tmp_path / "wheels") for name in ("jflib", "jfcore")
    ]
    profile.install(build("poll"), *libraries, requires={"chat-poll": ["jflib"], "jflib": ["jfcore"]})
    generation = profile.store.active()
    paths, packages = worker_imports(found("poll", generation.plugin_trees), generation, ALWAYS)
    assert [next(iter(Path(path).glob("*/__init__.py"))).parent.name for path in paths] == [
        "chat_poll",
        "jfcore",
        "jflib",
    ]
    assert not packages.named


def test_one_that_was_installed_to_run_inline_has_none_and_is_told_so(
    profile: Profile, build: Callable[..., Path]
) -> None:
    profile.install(build("poll"))
    generation = profile.store.active()
    candidate = found("poll", generation.plugin_trees)
    with pytest.raises(PluginError, match="jackfield isolation poll worker"):
        worker_imports(candidate, Generation(generation.number, generation.pins, generation.pins), ALWAYS)


@pytest.mark.feature("K41")
def test_of_the_environment_a_plugin_sees_itself_and_what_its_metadata_names(site) -> None:
    site(WheelSource("jfcore", files={"jfcore/__init__.py": "", "jfspeed.py": ""}))
    site(WheelSource("jflib", files={"jflib/__init__.py": ""}, requires=["jfcore", 'jfold; python_version < "3"']))
    site(WheelSource("jfother", files={"jfother/__init__.py": ""}))
    site(plugin_source("geo"))
    site(plugin_source("maps", requires=["jflib", "chat-geo", "jackfield", "msgspec"]))
    paths, packages = worker_imports(found("maps"), Generation(0), (*ALWAYS, "jackfield-chat-api"))
    assert paths == ()
    assert sorted(packages.named) == ["chat_maps", "jfcore", "jflib", "jfspeed"]
    assert all(Path(place).exists() for place in packages.named.values())
    assert sorted(Path(place).name for place in packages.metadata) == [
        "chat_maps-1.0.0.dist-info",
        "jfcore-1.0.0.dist-info",
        "jflib-1.0.0.dist-info",
    ]


@pytest.mark.feature("K41", "K42")
def test_of_a_namespace_that_others_share_a_plugin_sees_its_own_parts_and_those_of_its_libraries(site) -> None:
    def parts(name: str, *files: str, requires: tuple[str, ...] = ()) -> WheelSource:
        return WheelSource(name, files=dict.fromkeys(files, ""), requires=list(requires))

    site(parts("jfspace-one", "jfspace/one/__init__.py", "jfspace/one/deep.py", "jfspace/single.py", "jfspace/a.json"))
    site(parts("jfspace-two", "jfspace/two/__init__.py", "jfspace/cloud/two/__init__.py"))
    site(parts("jfspace-three", "jfspace/cloud/three/__init__.py"))
    site(parts("jfalone", "jfalone/part/__init__.py", "jfalone.libs/native.so"))
    site(plugin_source("maps", requires=["jfspace-one", "jfspace-three", "jfalone"]))
    _, packages = worker_imports(found("maps"), Generation(0), ALWAYS)
    assert sorted(packages.named) == [
        "chat_maps",
        "jfalone",
        "jfalone.libs",
        "jfspace/a.json",
        "jfspace/cloud/three",
        "jfspace/one",
        "jfspace/single",
    ]
    assert all(Path(place).as_posix().removesuffix(".py").endswith(name) for name, place in packages.named.items())


def test_a_plugin_whose_own_package_is_a_shared_namespace_sees_its_parts_alone(site) -> None:
    maps = plugin_source("maps")
    site(replace(maps, files={name.replace("__init__", "entry"): text for name, text in maps.files.items()}))
    _, packages = worker_imports(found("maps"), Generation(0), ALWAYS)
    assert sorted(packages.named) == ["chat_maps"], "it is the only one there"
    site(WheelSource("jfother", files={"chat_maps/secrets/__init__.py": ""}))
    _, packages = worker_imports(found("maps"), Generation(0), ALWAYS)
    assert sorted(packages.named) == ["chat_maps/entry", "chat_maps/plugin.toml"]


def test_extras_bring_what_they_name(site) -> None:
    site(WheelSource("jffast", files={"jffast.py": ""}))
    site(WheelSource("jflib", files={"jflib.py": ""}, requires=['jffast; extra == "speed"', "not-installed"]))
    site(plugin_source("plain", requires=["jflib"]))
    site(plugin_source("quick", requires=["jflib[speed]"]))
    assert needed_distributions(["chat-plain"], beyond=ALWAYS) == ("chat-plain", "jflib")
    assert needed_distributions(["chat-quick"], beyond=ALWAYS) == ("chat-quick", "jflib", "jffast")


def test_the_host_publishes_its_own_api_and_what_that_one_needs(site) -> None:
    assert api_distributions("chat", beyond=ALWAYS) == ("jackfield-chat-api",)
    assert published_names(hostfile()) == (*ALWAYS, "jackfield-chat-api")
    host = WheelSource(
        "atlas-api",
        files={"atlas_api/__init__.py": "", "atlas_api/host.toml": ""},
        entry_points={"jackfield.hosts": {"atlas": "atlas_api"}},
        requires=["jackfield", "jfgeometry"],
    )
    site(host)
    site(WheelSource("jfgeometry", files={"jfgeometry.py": ""}))
    assert api_distributions("atlas", beyond=ALWAYS) == ("atlas-api", "jfgeometry")
    assert api_distributions("nobody", beyond=ALWAYS) == ()
