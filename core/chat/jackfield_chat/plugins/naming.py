"""What a plugin is called above what it writes and shows: nobody is taken for another one, or for a member.

A plugin's name is its author's choice, and its id is not: of each id there is one plugin.
"""

import unicodedata
from typing import TYPE_CHECKING

from jackfield.errors import PluginError

from jackfield_chat.accounts import Accounts

if TYPE_CHECKING:
    from jackfield.host import Plugins


def name_of(plugin: str, plugins: "Plugins", accounts: Accounts) -> str:
    """Return what a plugin is called, by its id: with the id behind the name, where it is not the only one called so.

    Args:
        plugin: its id.
        plugins: all that are here.
        accounts: the members.
    """
    try:
        name = plugins.record(plugin).candidate.name or plugin
    except PluginError:
        return plugin
    read_as = _read_as(name)
    others = (one.candidate for one in plugins.records().values())
    taken = any(_read_as(one.name or one.id) == read_as for one in others if one.id != plugin)
    # A name that brings an id along would be that of another one, called so for the same reason.
    if taken or name.endswith(")") or accounts.find(read_as) is not None:
        return f"{name} ({plugin})"
    return name


def _read_as(name: str) -> str:
    """What people take a name for: neither case nor the width of letters and spaces tells two apart."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
