"""What a plugin of the chat imports: hooks, types, the host file."""

import dataclasses
import inspect
import subprocess
import sys
from datetime import UTC, datetime
from importlib import resources
from typing import get_type_hints

import jackfield_chat_api
import pytest
from jackfield.hooks import HookManager
from jackfield.manifest import HostFile, read_hostfile
from jackfield_chat_api import Message, Room, hookimpl, specs


@pytest.fixture
def hostfile() -> HostFile:
    text = (resources.files("jackfield_chat_api") / "host.toml").read_text(encoding="utf-8")
    return read_hostfile(text, source="host.toml")


def test_the_host_file_says_what_the_chat_offers(hostfile: HostFile) -> None:
    assert (hostfile.app, hostfile.name, str(hostfile.api_version)) == ("chat", "Chat", "1.0.0")
    assert hostfile.groups == ("chat.plugins",)


@pytest.mark.parametrize(
    ("resource", "action", "sentence"),
    [
        ("messages", "read", "read the messages of every room, and change what members write before anyone sees it"),
        ("messages", "send", "send messages"),
        ("rooms", "read", "read the names of the rooms"),
        ("members", "read", "read member names"),
    ],
)
def test_every_resource_has_a_sentence(hostfile: HostFile, resource: str, action: str, sentence: str) -> None:
    assert hostfile.sentence(resource, action) == sentence
    assert hostfile.resources[resource].actions[action].risk in {"low", "medium", "high"}


def test_who_may_change_what_people_write_was_granted_that_in_so_many_words(hostfile: HostFile) -> None:
    manager = HookManager("chat")
    manager.add_hookspecs(specs)
    changing = [name for name in vars(manager.hook) if manager.options(name).pipeline]
    assert changing == ["message_received", "message_sent"]
    for name in changing:
        resource, _, action = str(manager.options(name).needs).partition(":")
        assert "change what members write" in hostfile.sentence(resource, action)
        assert hostfile.risk(resource, action) == "high"


def test_every_capability_that_a_plugin_can_call_names_the_permission_it_needs(hostfile: HostFile) -> None:
    for facet in ("messages", "rooms", "members"):
        protocol = getattr(jackfield_chat_api, facet.title())
        for name, call in inspect.getmembers(protocol, inspect.isfunction):
            if name.startswith("_"):
                continue
            assert inspect.iscoroutinefunction(call)
            needed = [f"{facet}:{action}" for action in hostfile.resources[facet].actions]
            assert any(f"needs {one}" in (call.__doc__ or "") for one in needed), f"{facet}.{name}"


@pytest.mark.feature("S6", "S7", "S8")
async def test_messages_are_handed_along_as_a_pipeline() -> None:
    class Louder:
        @hookimpl
        async def message_sent(self, message: Message) -> Message | None:
            return message.with_text(message.text.upper())

    class Silent:
        @hookimpl
        def message_sent(self, message: Message) -> Message | None:
            return None

    class Surer:
        @hookimpl(trylast=True)
        def message_sent(self, message: Message) -> Message | None:
            return message.with_text(message.text + ".")

    manager = HookManager("chat")
    manager.add_hookspecs(specs)
    for plugin in (Surer(), Silent(), Louder()):
        manager.register(plugin)
    changed = await manager.call.message_sent(message=Message(0, "lobby", "ada", "yes"))
    assert changed.text == "YES."
    assert changed.author == "ada"


def test_what_crosses_to_a_plugins_own_process_is_made_of_builtins() -> None:
    for kind in (Message, Room, jackfield_chat_api.Member):
        assert dataclasses.is_dataclass(kind)
        assert kind.__dataclass_params__.frozen  # type: ignore[union-attr]  # dataclasses show it nowhere else
        for name, hint in get_type_hints(kind).items():
            assert getattr(hint, "__module__", "builtins") in {"builtins", "datetime", "collections.abc"}, name


def test_a_message_cannot_be_changed_only_replaced() -> None:
    message = Message(3, "lobby", "ada", "hello", datetime(2026, 1, 1, tzinfo=UTC), {"mood": "good"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.text = "other"  # type: ignore[misc]  # the point of the test
    assert dataclasses.asdict(message.with_text("other")) == {**dataclasses.asdict(message), "text": "other"}


def test_every_hook_says_what_it_is_for() -> None:
    for name in ("message_sent", "message_received", "member_joined", "member_left"):
        spec = getattr(specs, name)
        assert inspect.iscoroutinefunction(spec)
        assert spec.__doc__
        for parameter in inspect.signature(spec).parameters:
            assert f"{parameter}:" in spec.__doc__


def test_importing_it_loads_no_server_and_no_network_library() -> None:
    probe = (
        "import jackfield_chat_api, sys; print([m for m in ('httpx', 'starlette', 'click', 'tuf') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout == "[]\n"
