"""What a call of a plugin's method is in a sentence for people: who waited for a button has never heard of methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield.rpc import without_controls

_PLAIN = {
    "plugin.load": "the import of its code",
    "plugin.health": "whether it is there",
    "scope.open": "the request to begin",
    "scope.close": "the request to end",
    "handler.complete": "what can follow in a command",
    "handler.render": "what its part of the page shows",
    "handler.menu": "its menu item",
}


LONGEST_NAME = 100


def command_in_words(name: str) -> str:
    """Return what a command is in such a sentence; its name is what a plugin says."""
    return f"the command {without_controls(name[:LONGEST_NAME])}"


def service_in_words(name: str, method: str) -> str:
    """Return the same of a method of a service."""
    return f"{method} of the service {without_controls(name[:LONGEST_NAME])}"


def in_words(method: str, arguments: Mapping[str, Any]) -> str:
    """Return what was asked of a plugin, as it stands after `did not answer`.

    Args:
        method: of the protocol, e.g. `handler.action`.
        arguments: what it was called with.
    """
    if method in _PLAIN:
        return _PLAIN[method]
    if method == "handler.action":
        return f"the action {arguments['action']} of its part of the page"
    if method == "handler.event":
        return f"the event {arguments['event'].name}"
    if method == "handler.setting":
        return f"the setting {arguments['key']}"
    if method == "plugin.callback":
        return str(arguments["name"])
    return method.replace("hook.", "hook ", 1)
