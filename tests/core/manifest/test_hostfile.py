"""Host files: what a host offers, in the words of the consent."""

import pytest
from jackfield.errors import ManifestError, SchemaTooNew
from jackfield.manifest import FRAMEWORK_RESOURCES, Version, read_hostfile
from jackfield.permissions import Permission

CHAT = """
schema = 1
app = "chat"
name = "Chat"
api_version = "1.0.0"
groups = ["chat.plugins"]

[resources.messages.actions.read]
sentence = "read messages in the rooms it is added to"
risk = "medium"

[resources.messages.actions.send]
sentence = "send messages in its own name"
risk = "low"

[resources.storage.actions.write]
sentence = "store data in the chat's folder"
risk = "medium"
"""


@pytest.mark.feature("C4", "C13")
def test_a_host_says_what_plugins_may_be_permitted() -> None:
    host = read_hostfile(CHAT, source="host.toml")
    assert (host.app, host.name, host.api_version, host.groups) == (
        "chat",
        "Chat",
        Version.parse("1.0.0"),
        ("chat.plugins",),
    )
    assert host.sentence("messages", "read") == "read messages in the rooms it is added to"
    assert host.risk("messages", "send") == "low"


def test_the_framework_s_words_lie_beneath_the_host_s() -> None:
    host = read_hostfile(CHAT, source="host.toml")
    assert host.sentence("storage", "write") == "store data in the chat's folder"
    assert host.sentence("storage", "read") == FRAMEWORK_RESOURCES["storage"].actions["read"].sentence
    assert host.sentence("network", "connect") == FRAMEWORK_RESOURCES["network"].actions["connect"].sentence
    storage = host.resource("storage")
    assert storage is not None
    assert set(storage.actions) == {"read", "write"}
    assert FRAMEWORK_RESOURCES["storage"].actions["write"].risk == "low"


def test_what_nobody_knows_is_told_and_counts_as_high() -> None:
    host = read_hostfile(CHAT, source="host.toml")
    assert host.resource("lights") is None
    assert host.action("messages", "burn") is None
    assert host.sentence("lights", "switch") == "do lights:switch, which Chat does not know"
    assert host.risk("lights", "switch") == "high"


def test_every_resource_of_the_framework_has_sentences_and_names_that_a_manifest_may_write() -> None:
    assert set(FRAMEWORK_RESOURCES) == {
        "storage", "settings", "commands", "events", "ui", "network", "files", "environment", "plugins", "services",
    }  # fmt: skip
    for name, resource in FRAMEWORK_RESOURCES.items():
        assert resource.actions
        for action, said in resource.actions.items():
            Permission.from_mapping({"resource": name, "actions": [action]})
            assert said.sentence[0].islower()
            assert not said.sentence.endswith(".")
            assert said.risk in {"low", "medium", "high"}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('app = "chat"', 'app = "My Chat"', "app: text 'My Chat' does not fit"),
        ('name = "Chat"\n', "", "name: missing"),
        ('"1.0.0"', '"one"', "api_version: 'one' is no version"),
        ('["chat.plugins"]', '"chat.plugins"', "groups: expected a list, found text 'chat.plugins'"),
        (
            'risk = "low"',
            'risk = "tiny"',
            r"resources.messages.actions.send.risk: expected one of 'low', 'medium', 'high'",
        ),
        (
            "resources.messages.actions.read",
            "resources.messages.acts.read",
            "resources.messages.acts: unknown key, did you mean 'actions'",
        ),
        ("resources.messages", 'resources."Mes sages"', "resources.Mes sages: the key does not fit"),
        ("schema = 1", "schema = ", "not TOML"),
    ],
)
def test_a_mistake_names_the_key(old: str, new: str, sentence: str) -> None:
    with pytest.raises(ManifestError, match=sentence):
        read_hostfile(CHAT.replace(old, new), source="host.toml")


def test_a_newer_host_file_says_so() -> None:
    with pytest.raises(SchemaTooNew, match=r"host\.toml: needs jackfield ≥ 3\.0"):
        read_hostfile(CHAT.replace("schema = 1", "schema = 3"), source="host.toml")
