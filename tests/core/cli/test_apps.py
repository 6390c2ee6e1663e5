"""Which application is meant."""

import pytest
from jackfield import PluginManager
from jackfield.cli.apps import App, chosen, known_apps
from jackfield.errors import UsageError
from jackfield.manifest import read_hostfile
from jackfield.store import Layout

CHAT = App("chat", None, ("chat.plugins",))
IRC = App("irc", None, ("irc.plugins",))


def test_the_only_application_needs_no_name():
    assert chosen(None, {"chat": CHAT}) is CHAT


def test_several_applications_need_one():
    with pytest.raises(UsageError, match="several applications take plugins here: chat and irc") as caught:
        chosen(None, {"irc": IRC, "chat": CHAT})
    assert caught.value.hint == "name one: --app chat"


def test_an_unknown_application_is_named_with_the_known_ones():
    with pytest.raises(UsageError, match="no application is called 'chta'; here are chat and irc") as caught:
        chosen("chta", {"irc": IRC, "chat": CHAT})
    assert caught.value.hint == "did you mean --app chat?"


def test_an_environment_without_applications_is_told():
    with pytest.raises(UsageError, match="no application that takes plugins is installed"):
        chosen(None, {})
    with pytest.raises(UsageError, match="no application is called 'chat'; there is none here"):
        chosen("chat", {})


def hostfile(app):
    text = f'schema = 1\napp = "{app}"\nname = "{app}"\napi_version = "1.0.0"\ngroups = ["{app}.plugins"]\n'
    return read_hostfile(text, source="host.toml")


def test_the_installed_application_goes_before_adopted_ones():
    installed = App("chat", hostfile("chat"), ("chat.plugins",))
    assert chosen(None, {"chat": installed, "irc": IRC}) is installed
    assert chosen("irc", {"chat": installed, "irc": IRC}) is IRC


def test_an_application_that_was_adopted_is_known(tmp_path):
    environ = {"JACKFIELD_HOME": str(tmp_path)}
    manager = PluginManager("datasette", layout=Layout.locate("datasette", environ=environ))
    manager.load_setuptools_entrypoints("datasette")
    app = known_apps(environ)["datasette"]
    assert app == App("datasette", None, ("datasette",))


@pytest.mark.parametrize("text", ["", "[]", '{"groups": 3}', '{"groups": [3]}', "\x00"])
def test_a_damaged_record_of_adoption_is_passed_over(tmp_path, text):
    environ = {"JACKFIELD_HOME": str(tmp_path)}
    file = Layout.locate("datasette", environ=environ).root / "groups.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    (tmp_path / "no app").mkdir()
    assert "datasette" not in known_apps(environ)
