"""Plugins that send and hear events, and an application that has events of its own."""

from __future__ import annotations

import importlib
from typing import Any

from jackfield.host import Host
from jackfield.manifest import read_hostfile

from tests.support.profiles import HOSTFILE

CHAT = read_hostfile(
    HOSTFILE
    + """
[resources.members.actions.read]
sentence = "read member names"

[events.joined]
description = "somebody came in"
needs = "members:read"

[events.opened]
description = "the chat opened"
""",
    source="host.toml",
)
SENDS = '[contributes]\nevents = ["voted"]\n'
POLL = """
from jackfield import Plugin

class Main(Plugin): pass
"""


def hearing(*listeners: str, head: str = "") -> str:
    """The code of a plugin that writes down what it hears."""
    lines = "\n".join(f"    {line}" for text in listeners for line in text.strip().splitlines())
    return f"from jackfield import EventType, Plugin, listener\n{head}\nHEARD = []\n\nclass Main(Plugin):\n{lines}\n"


def asking(resource: str, action: str) -> str:
    return f'[[permissions]]\nresource = "{resource}"\nactions = ["{action}"]\n'


def heard(plugin: str) -> list[Any]:
    found: list[Any] = importlib.import_module(f"chat_{plugin}").HEARD
    return found


async def emit(host: Host, plugin: str, event: str, data: object = None) -> None:
    """Send an event as a plugin does."""
    wiring = host.plugins.record(plugin).wiring
    assert wiring is not None
    await wiring.context.events.emit(event, data)
