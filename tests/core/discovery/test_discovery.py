"""Candidates and hosts are found and read; not a line of their code runs."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from jackfield.discovery import discover, discover_hosts, find_host
from jackfield.errors import DiscoveryError, ManifestError, SchemaTooNew, UsageError
from jackfield.manifest import Candidate

from tests.support.wheels import WheelSource, manifest_text, plugin_source

EXPLODING = "raise RuntimeError('plugin code ran')"
GROUPS = ["chat.plugins"]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of `sys.path`, as pip fills it."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def install(site: Path, tmp_path: Path) -> Callable[[WheelSource], None]:
    def put(source: WheelSource) -> None:
        with zipfile.ZipFile(source.build(tmp_path / "wheels")) as wheel:
            wheel.extractall(site)

    return put


def found(plugin: str = "weather") -> Candidate:
    (one,) = [candidate for candidate in discover(GROUPS) if candidate.id == plugin]
    assert not any(name.startswith("chat_") for name in sys.modules)
    return one


def test_a_plugin_is_found_with_its_manifest_and_not_imported(install, site):
    install(plugin_source("weather", "1.4.0", code=EXPLODING))
    candidate = found()
    assert (candidate.distribution, candidate.version, candidate.origin) == ("chat-weather", "1.4.0", "environment")
    assert (candidate.folder, candidate.entry_point) == (site / "chat_weather", "chat_weather:Main")
    assert candidate.manifest is not None
    assert (candidate.manifest.id, candidate.legacy, candidate.problem) == ("weather", False, None)


def test_who_asks_only_what_is_where_reads_no_manifest(install, site):
    source = plugin_source("weather", "1.4.0", code=EXPLODING)
    source.files["chat_weather/plugin.toml"] = "this is none"
    install(source)
    (candidate,) = discover(GROUPS, path=[site], reads=False)
    assert (candidate.canonical_id, candidate.folder) == ("weather", site / "chat_weather")
    assert (candidate.manifest, candidate.problem) == (None, None)
    assert isinstance(discover(GROUPS, path=[site])[0].problem, ManifestError)


def test_a_dotted_entry_point_runs_no_code_of_its_package(install, site):
    source = plugin_source("weather", code=EXPLODING)
    source.files["chat_weather/deep/__init__.py"] = EXPLODING
    source.entry_points = {"chat.plugins": {"weather": "chat_weather.deep.module:Main"}}
    install(source)
    assert found().folder == site / "chat_weather"


def test_an_editable_install_is_found_where_it_is_imported_from(install, site, tmp_path, monkeypatch):
    """Its RECORD lists a path file, not the package."""
    source = plugin_source("weather", code=EXPLODING)
    package = tmp_path / "source" / "chat_weather"
    package.mkdir(parents=True)
    for name in ("__init__.py", "plugin.toml"):
        (package / name).write_text(str(source.files.pop(f"chat_weather/{name}")))
    source.files["weather.pth"] = f"{package.parent}\n"
    install(source)
    monkeypatch.syspath_prepend(str(package.parent))
    assert found().folder == package
    assert found().manifest is not None


def test_a_plugin_without_a_manifest_is_legacy(install, site):
    install(
        WheelSource(
            "old-plugin", files={"old_plugin.py": EXPLODING}, entry_points={"chat.plugins": {"old": "old_plugin"}}
        )
    )
    candidate = found("old")
    assert (candidate.legacy, candidate.manifest, candidate.folder, candidate.problem) == (True, None, None, None)


@pytest.mark.parametrize(
    ("manifest", "kind", "words"),
    [
        ("schema = ", ManifestError, "plugin.toml of chat-weather 1.0.0: not TOML"),
        ('schema = 1\nid = "Weather!"', ManifestError, "id"),
        ('schema = 99\nid = "weather"', SchemaTooNew, "needs jackfield"),
        (manifest_text("rain"), DiscoveryError, "the entry point is named weather, the manifest's id is rain"),
        (manifest_text("weather", "2.0.0"), DiscoveryError, "chat-weather 1.0.0: the manifest says version 2.0.0"),
    ],
)
def test_what_is_wrong_with_one_is_data_on_it(install, manifest, kind, words):
    install(plugin_source("weather", code=EXPLODING, manifest=manifest))
    install(plugin_source("other"))
    problem = found().problem
    assert isinstance(problem, kind)
    assert words in str(problem)
    assert found("other").problem is None


@pytest.mark.feature("M7")
def test_an_entry_point_that_is_no_id_or_names_no_module_is_told(install):
    install(WheelSource("bad-name", entry_points={"chat.plugins": {"Not An Id": "chat_x:Main"}}))
    install(WheelSource("bad-value", entry_points={"chat.plugins": {"weather": "1chat:Main"}}))
    assert "id" in str(found("Not An Id").problem)
    assert "names no module" in str(found().problem)


def test_versions_that_are_spelled_differently_agree(install):
    install(plugin_source("weather", "1.2.0rc4", manifest=manifest_text("weather", "1.2-rc4")))
    assert found().problem is None


def test_of_two_with_one_name_the_first_on_the_path_counts(install, site, tmp_path, monkeypatch):
    install(plugin_source("weather", "1.0.0"))
    other = tmp_path / "other"
    with zipfile.ZipFile(plugin_source("weather", "2.0.0").build(tmp_path / "wheels")) as wheel:
        wheel.extractall(other)
    monkeypatch.syspath_prepend(str(other))
    assert found().version == "2.0.0"


def test_only_the_groups_asked_for_are_looked_at(install):
    install(plugin_source("weather", group="irc.plugins"))
    assert "weather" not in {candidate.id for candidate in discover(GROUPS)}
    assert [candidate.group for candidate in discover(["irc.plugins"])] == ["irc.plugins"]


def test_unpacked_wheels_of_the_store_are_looked_at_by_path(tmp_path):
    trees = []
    for plugin in ("weather", "dice"):
        tree = tmp_path / plugin
        with zipfile.ZipFile(plugin_source(plugin, code=EXPLODING).build(tmp_path / "wheels")) as wheel:
            wheel.extractall(tree)
        trees.append(tree)
    candidates = discover(GROUPS, path=trees)
    assert [(one.id, one.origin, one.folder) for one in candidates] == [
        ("weather", "store", tmp_path / "weather" / "chat_weather"),
        ("dice", "store", tmp_path / "dice" / "chat_dice"),
    ]


class TestHosts:
    def test_the_chat_is_found(self):
        assert "chat" in {host.app for host in discover_hosts()}
        assert find_host("chat").groups == ("chat.plugins",)

    def test_one_that_is_not_installed_is_answered_with_those_that_are(self):
        with pytest.raises(UsageError, match="no installed application is called irc") as caught:
            find_host("irc")
        assert caught.value.hint is not None
        assert "chat" in caught.value.hint

    def test_one_that_is_broken_is_left_out_and_told_when_it_is_asked_for(self, install, caplog):
        install(
            WheelSource(
                "irc-api",
                files={"irc_api/__init__.py": EXPLODING, "irc_api/host.toml": "schema = 1\napp = 'irc'\n"},
                entry_points={"jackfield.hosts": {"irc": "irc_api"}},
            )
        )
        assert "irc" not in {host.app for host in discover_hosts()}
        assert "host.toml of irc-api" in caplog.text
        with pytest.raises(ManifestError, match=r"host.toml of irc-api"):
            find_host("irc")
