"""Bad input from outside, through the real command and a real marketplace: a clear sentence, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.conftest import Market, Plugins
from tests.support.wheels import build_plugin, manifest_text, plugin_source

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("unchanged")
class TestBrokenManifest:
    """A plugin.toml that is no TOML."""

    MANIFEST = 'schema = 1\nid = "broken"\nname = "Broken\n'

    def test_install_names_the_file_and_the_line(self, plugins: Plugins, tmp_path: Path) -> None:
        answer = plugins.install(build_plugin(tmp_path, "broken", manifest=self.MANIFEST))
        assert answer.status == 1
        assert "plugin.toml" in answer.words
        assert "line 3" in answer.words

    def test_upload_is_refused_with_the_same_words(self, market: Market, tmp_path: Path) -> None:
        answer = market.upload(build_plugin(tmp_path, "broken", manifest=self.MANIFEST))
        assert answer.status_code == 400
        assert "plugin.toml" in answer.text
        assert "line 3" in answer.text


@pytest.mark.usefixtures("unchanged")
class TestMissingManifest:
    """A wheel with an entry point of the chat and no plugin.toml."""

    def wheel(self, folder: Path) -> Path:
        source = plugin_source("bare")
        del source.files["chat_bare/plugin.toml"]
        return source.build(folder)

    def test_install_says_what_is_missing(self, plugins: Plugins, tmp_path: Path) -> None:
        answer = plugins.install(self.wheel(tmp_path))
        assert answer.status == 1
        assert "plugin.toml" in answer.words
        assert "bare" in answer.words

    def test_upload_names_where_it_belongs(self, market: Market, tmp_path: Path) -> None:
        answer = market.upload(self.wheel(tmp_path))
        assert answer.status_code == 400
        assert "chat_bare/plugin.toml" in answer.text


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ('name = "Wrong"', "name = 5"),
        ('isolation = "any"', 'isolation = "sometimes"'),
        ('chat = ">=1.0 <2.0"', "chat = 1.0"),
        ('description = "The wrong plugin"', 'description = "x"\npermissions = "all of them"'),
    ],
    ids=["number-for-text", "unknown-choice", "number-for-requirement", "text-for-tables"],
)
def test_a_wrong_type_is_named_with_its_key(
    plugins: Plugins, market: Market, tmp_path: Path, wrong: str, key: str
) -> None:
    text = manifest_text("wrong")
    assert wrong in text
    wheel = build_plugin(tmp_path, "wrong", manifest=text.replace(wrong, key))
    named = key.splitlines()[-1].partition(" ")[0]
    answer = plugins.install(wheel)
    assert answer.status == 1
    assert named in answer.words
    upload = market.upload(wheel)
    assert upload.status_code == 400
    assert named in upload.text


class TestUnknownKey:
    """A key that no schema knows: a word of warning for who installs, a refusal for who publishes."""

    def wheel(self, folder: Path) -> Path:
        text = manifest_text("typo").replace('description = "The', 'desciption = "The')
        return build_plugin(folder, "typo", manifest=text)

    @pytest.mark.usefixtures("unchanged")
    def test_upload_is_refused_and_shows_the_nearest_key(self, market: Market, tmp_path: Path) -> None:
        answer = market.upload(self.wheel(tmp_path))
        assert answer.status_code == 400
        assert "desciption" in answer.text
        assert "description" in answer.text.replace("desciption", "")

    def test_install_warns_and_goes_on(self, plugins: Plugins, tmp_path: Path) -> None:
        answer = plugins.install(self.wheel(tmp_path))
        assert answer.status == 0
        assert "desciption" in answer.words
        assert set(plugins.rows()) == {"keeper", "typo"}


@pytest.mark.usefixtures("unchanged")
def test_a_newer_schema_says_that_a_newer_jackfield_is_needed(plugins: Plugins, tmp_path: Path) -> None:
    text = manifest_text("future").replace("schema = 1", "schema = 2\nquantum = true")
    answer = plugins.install(build_plugin(tmp_path, "future", manifest=text))
    assert answer.status == 1
    assert "needs jackfield" in answer.words
    assert "quantum" not in answer.words


@pytest.mark.usefixtures("unchanged")
def test_a_plugin_of_another_host_is_told_apart(plugins: Plugins, tmp_path: Path) -> None:
    text = manifest_text("mailer").replace('chat = ">=1.0 <2.0"', 'mail = ">=1.0"')
    answer = plugins.install(build_plugin(tmp_path, "mailer", manifest=text))
    assert answer.status == 1
    assert "mailer" in answer.words
    assert "mail" in answer.words.replace("mailer", "")
    assert "chat" in answer.words


@pytest.mark.usefixtures("unchanged")
def test_a_plugin_for_a_newer_host_names_both_versions(plugins: Plugins, tmp_path: Path) -> None:
    text = manifest_text("modern").replace('chat = ">=1.0 <2.0"', 'chat = "^7.0"')
    answer = plugins.install(build_plugin(tmp_path, "modern", manifest=text))
    assert answer.status == 1
    assert "^7.0" in answer.words
    assert "1.0.0" in answer.words


@pytest.mark.usefixtures("unchanged")
def test_a_requirement_that_nobody_fulfils_is_named(plugins: Plugins, tmp_path: Path) -> None:
    text = manifest_text("lonely", more='[requires]\nnowhere = "^1.0"\n')
    answer = plugins.install(build_plugin(tmp_path, "lonely", manifest=text))
    assert answer.status == 1
    assert "lonely" in answer.words
    assert "nowhere" in answer.words


@pytest.mark.usefixtures("unchanged")
def test_requirements_that_contradict_each_other_name_who_wants_what(plugins: Plugins, tmp_path: Path) -> None:
    one = build_plugin(tmp_path, "one", manifest=manifest_text("one", more='[requires]\nkeeper = "^1.0"\n'))
    two = build_plugin(tmp_path, "two", manifest=manifest_text("two", more='[requires]\nkeeper = "^2.0"\n'))
    answer = plugins.install(one, two)
    assert answer.status == 1
    assert "two" in answer.words
    assert "keeper" in answer.words
    assert "^2.0" in answer.words


@pytest.mark.usefixtures("unchanged")
def test_a_wheel_for_another_platform_is_told_apart(plugins: Plugins, tmp_path: Path) -> None:
    answer = plugins.install(build_plugin(tmp_path, "native", tag="cp311-cp311-win_arm64"))
    assert answer.status == 1
    assert "win_arm64" in answer.words


@pytest.mark.usefixtures("unchanged")
def test_a_wheel_for_another_python_is_told_apart(plugins: Plugins, tmp_path: Path) -> None:
    answer = plugins.install(build_plugin(tmp_path, "elder", requires_python="<3.0"))
    assert answer.status == 1
    assert "<3.0" in answer.words


@pytest.mark.usefixtures("unchanged")
def test_a_file_that_is_no_wheel_is_named(plugins: Plugins, market: Market, tmp_path: Path) -> None:
    file = tmp_path / "chat_noise-1.0.0-py3-none-any.whl"
    file.write_bytes(b"this is not a zip archive")
    answer = plugins.install(file)
    assert answer.status == 1
    assert file.name in answer.words
    assert market.upload(file).status_code == 400


@pytest.mark.usefixtures("unchanged")
def test_a_file_that_is_not_there_is_named(plugins: Plugins, tmp_path: Path) -> None:
    answer = plugins.install(tmp_path / "chat_ghost-1.0.0-py3-none-any.whl")
    assert answer.status in {1, 2}
    assert "chat_ghost-1.0.0-py3-none-any.whl" in answer.words


@pytest.mark.parametrize(
    "words",
    [("search", "keeper"), ("install", "poll", "--yes"), ("update", "--check"), ("update", "--yes"), ("info", "poll")],
    ids=" ".join,
)
def test_a_marketplace_that_is_down_is_named_with_its_own_exit_status(
    left_alone: Plugins, words: tuple[str, ...]
) -> None:
    before = left_alone.snapshot()
    answer = left_alone.run(*words)
    assert answer.status == 5
    assert left_alone.market in answer.words
    assert left_alone.snapshot() == before


def test_what_is_installed_goes_on_while_the_marketplace_is_down(left_alone: Plugins) -> None:
    for words in (("list",), ("history",), ("permissions", "keeper"), ("disable", "keeper"), ("enable", "keeper")):
        assert left_alone.run(*words).status == 0, words
    assert left_alone.rows()["keeper"]["enabled"] is True


@pytest.mark.usefixtures("unchanged")
def test_an_address_that_is_no_marketplace_is_named(plugins: Plugins, market: Market) -> None:
    wrong = f"{market.address}/somewhere/else"
    answer = plugins.run("search", "poll", market=wrong)
    assert answer.status in {1, 5}
    assert wrong in answer.words


@pytest.mark.usefixtures("unchanged")
def test_a_plugin_that_nobody_has_is_named(plugins: Plugins) -> None:
    answer = plugins.install("no-such-plugin")
    assert answer.status == 1
    assert "no-such-plugin" in answer.words


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("spec", "named"),
    [("keeper==", "keeper=="), ("keeper@^", "'^'"), ("Keeper Plus", "keeper-plus"), ("keeper@latest.x", "'latest.x'")],
)
def test_a_specifier_that_cannot_be_read_names_what_is_wrong_with_it(plugins: Plugins, spec: str, named: str) -> None:
    answer = plugins.install(spec)
    assert answer.status in {1, 2}
    assert named in answer.words
