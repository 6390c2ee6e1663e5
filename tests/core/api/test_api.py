"""What a plugin author imports: the marker for commands, components that hold together, and one face for all."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import typing

import jackfield.api as api
import pytest
from jackfield.api import Button, Chart, Context, List, MenuItem, Text, command, command_mark
from jackfield.errors import UsageError
from jackfield.host.facets.context import PluginContext


def test_a_mark_says_what_the_command_is_called():
    @command("poll  close", aliases=("endpoll",), help="End it", usage="poll close")
    def close(source):
        """Not this."""

    mark = command_mark(close)
    assert mark is not None
    assert (mark.name, mark.aliases, mark.help, mark.usage) == ("poll close", ("endpoll",), "End it", "poll close")
    assert command_mark(print) is None


@pytest.mark.parametrize("names", [("",), ("  ",), ("roll", "")])
def test_a_command_without_a_name_is_refused_where_it_is_written(names):
    with pytest.raises(UsageError, match="a command needs a name"):
        command(names[0], aliases=names[1:])


def test_components_are_values():
    one = List((Text("a"), Button("b", "press", (("n", 1),)), Chart(("x",), (1.0,))))
    assert one == List((Text("a"), Button("b", "press", (("n", 1),)), Chart(("x",), (1.0,))))
    assert hash(one) == hash(dataclasses.replace(one))
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.ordered = True  # type: ignore[misc]  # the point of the test
    assert MenuItem("id", "Label").position == "main"


@pytest.mark.feature("C3")
def test_the_inline_context_has_the_facets_of_the_protocol_and_nothing_else():
    facets = {name for name in vars(Context) if not name.startswith("_")}
    assert facets == {name for name in dir(PluginContext) if not name.startswith("_")}
    for name in facets & set(vars(PluginContext)):
        protocol = typing.get_type_hints(vars(Context)[name].fget)["return"]
        if getattr(protocol, "_is_protocol", False):
            inline = typing.get_type_hints(vars(PluginContext)[name].fget)["return"]
            wanted = {method for method in vars(protocol) if not method.startswith("_")}
            assert wanted <= set(dir(inline)), name


def test_every_public_name_is_documented():
    undocumented = [
        name for name in api.__all__ if isinstance(getattr(api, name), type) and not getattr(api, name).__doc__
    ]
    assert undocumented == []


def test_importing_it_costs_no_network_database_or_rendering_library():
    code = "import sys, jackfield.api; print(sorted({'httpx', 'sqlite3', 'rich', 'click'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
