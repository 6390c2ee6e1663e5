"""Every method of a context that a plugin in another process can call: what it needs, asked of each as it is called."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from jackfield.errors import JackfieldError
from jackfield.isolation import Line
from jackfield.permissions import Permission

from tests.support.contract_plugins import asked_permissions
from tests.support.profiles import Profile
from tests.support.refusals import refused

pytestmark = pytest.mark.slow

NOWHERE = "/nowhere/at/all"
NO_FUNCTION: dict[str, Any] = {"parameters": []}
NEEDS: dict[str, tuple[str, dict[str, Any]]] = {
    "storage.get": ("storage:read", {"key": "k"}),
    "storage.keys": ("storage:read", {}),
    "storage.set": ("storage:write", {"key": "k", "value": 1}),
    "storage.delete": ("storage:write", {"key": "k"}),
    "storage.drop": ("storage:write", {"name": "gone"}),
    "storage.apply": ("storage:write", {"changes": []}),
    "table.insert": ("storage:write", {"table": "kept", "row": {"a": "x"}}),
    "table.update": ("storage:write", {"table": "kept", "changes": {"a": "y"}}),
    "table.delete": ("storage:write", {"table": "kept"}),
    "table.select": ("storage:read", {"table": "kept"}),
    "table.count": ("storage:read", {"table": "kept"}),
    "commands.add": ("commands:register", {"name": "elsewhere", "handler": 1, "function": NO_FUNCTION}),
    "commands.add_tree": ("commands:register", {"tree": {"name": "anywhere", "handler": 1, "function": NO_FUNCTION}}),
    "events.emit": ("events:emit", {"event": "undeclared"}),
    "events.on": ("events:listen", {"event": "plugin:peer:spoke", "handler": 1}),
    "ui.add_component": ("ui:component", {"name": "box", "component": {"type": "text", "text": "x"}}),
    "ui.add_menu_item": ("ui:menu", {"item": {"id": "entry", "label": "Choose"}}),
    "plugins.list": ("plugins:read", {}),
    "plugins.status": ("plugins:read", {"plugin": "peer"}),
    "plugins.wait_for": ("plugins:read", {"plugin": "peer", "timeout_seconds": 5.0}),
    "plugins.load": ("plugins:manage", {"plugin": "ghost"}),
    "plugins.enable": ("plugins:manage", {"plugin": "ghost"}),
    "plugins.disable": ("plugins:manage", {"plugin": "ghost"}),
    "plugins.unload": ("plugins:manage", {"plugin": "ghost"}),
    "plugins.reload": ("plugins:manage", {"plugin": "ghost"}),
    "services.provide": ("services:provide", {"service": "undeclared", "handler": 1, "methods": []}),
    "services.get": ("services:call", {"service": "shouter"}),
    "services.require": ("services:call", {"service": "shouter"}),
    "services.call": ("services:call", {"service": 1, "method": "greet", "arguments": ["you"]}),
    "files.read_bytes": ("files:read", {"path": NOWHERE}),
    "files.open": ("files:read", {"path": NOWHERE}),
    "files.list": ("files:read", {"path": NOWHERE}),
    "files.stat": ("files:read", {"path": NOWHERE}),
    "files.write_bytes": ("files:write", {"path": NOWHERE, "data": b""}),
    "files.make_folder": ("files:write", {"path": NOWHERE}),
    "files.delete": ("files:write", {"path": NOWHERE}),
    "files.move": ("files:write", {"source": NOWHERE, "target": f"{NOWHERE}/else"}),
    "environment.get": ("environment:read", {"name": "PROBE_TOKEN"}),
    "http.request": ("network:connect", {"method": "GET", "url": "http://127.0.0.1:1/"}),
    "network.connect": ("network:connect", {"host": "127.0.0.1", "port": 1}),
    "api.call": ("messages:send", {"path": ["messages", "send"], "arguments": ["lobby", "x"]}),
}
"""What each needs, and a call of it. `shouter` is a service of a plugin that the probe does not require."""

CLOSED: dict[str, dict[str, Any]] = {"file.read": {}, "file.write": {"data": b"x"}, "file.seek": {"offset": 0}}
"""What works on a file that was opened: it is closed with the permission by which it was."""

FREE = {
    "storage.table", "settings.get", "settings.set", "settings.all", "settings.values", "settings.on_change",
    "ui.refresh", "plugins.unload_self", "file.close", "translations.preferred", "subscription.close", "parcel.add",
    "parcel.fetch", "parcel.drop", "logger.level", "log",
}  # fmt: skip
"""What is the plugin's own, or tells of nothing but itself; in which language somebody reads is no secret."""


async def granted(profile: Profile, side: Any, *permissions: Permission) -> None:
    profile.enable("probe", permissions=permissions)
    await side.host.reload_changes()


async def prepared(line: Line, tmp_path: Path) -> int:
    """Declare the table, find the service, and open a file; return its number."""
    (tmp_path / "diary").write_text("secret")
    await line.call("storage.table", {"name": "kept", "columns": {"a": "str"}})
    found = await line.call("services.get", {"service": "shouter"})
    assert found["service"] == NEEDS["services.call"][1]["service"]
    opened = await line.call("files.open", {"path": str(tmp_path / "diary"), "mode": "r+b"})
    number: int = opened["file"]
    return number


async def test_every_method_is_in_one_of_the_lists(hostile):
    side, _ = hostile
    assert sorted([*NEEDS, *CLOSED, *FREE]) == sorted(side.served)


@pytest.mark.feature("C4", "C13")
async def test_each_is_refused_without_a_permission(hostile, profile, tmp_path):
    side, line = hostile
    file = await prepared(line, tmp_path)
    await granted(profile, side)
    for method, (permission, arguments) in NEEDS.items():
        assert f"probe may not {permission}" in await refused(line, method, arguments), method
    for method, arguments in CLOSED.items():
        assert "is closed" in await refused(line, method, {"file": file, **arguments}), method


@pytest.mark.feature("C4", "C13")
async def test_each_works_with_its_permission_alone(hostile, profile, tmp_path):
    side, line = hostile
    await prepared(line, tmp_path)
    by_permission: dict[str, list[str]] = defaultdict(list)
    for method, (permission, _) in NEEDS.items():
        by_permission[permission].append(method)
    said: dict[str, str] = {}
    every = {f"{one.resource}:{one.actions[0]}": one for one in asked_permissions("probe")}
    for permission, methods in by_permission.items():
        await granted(profile, side, every[permission])
        for method in methods:
            try:
                await line.call(method, NEEDS[method][1])
            except (JackfieldError, OSError, TypeError, ValueError) as error:
                said[method] = str(error)
    assert {method: text for method, text in said.items() if "may not" in text} == {}
    assert len(said) < len(NEEDS) / 2, f"most of them have an answer: {said}"
