"""Which application is meant."""

import pytest
from jackfield.cli.apps import App, chosen
from jackfield.errors import UsageError

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
