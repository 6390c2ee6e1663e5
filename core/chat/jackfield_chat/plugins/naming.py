"""What a plugin is called above what it writes and shows: nobody is taken for another one, or for a member.

A plugin's name is its author's choice, and its id is not: of each id there is one plugin. What looks alike counts as
the same, as far as one can say: other alphabets have letters that are drawn as Latin ones, and some signs are not seen.
"""

import unicodedata
from typing import TYPE_CHECKING

from jackfield.errors import PluginError

from jackfield_chat.accounts import Accounts

if TYPE_CHECKING:
    from jackfield.host import Plugins

_BLANKS = "\u115f\u1160\u2800"
"""Letters and patterns of dots that draw nothing; that of Hangul's other fillers is the second one (NFKD)."""
_STROKES = str.maketrans("I1|0\u0406\u0399\u04c0", "lllOlll")
_LOOKS_LIKE = str.maketrans("авекмнорстухѕіјһԁԛԝαβεζηικμνορτυχϳ", "abekmhopctyxsijhdqwabezhikmnoptuxj")
"""Cyrillic and Greek letters, small as they are after case folding, that are drawn as a Latin one, small or capital."""


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
    seen = _readings(name)
    others = (one.candidate for one in plugins.records().values())
    taken = any(seen & {*_readings(one.name), *_readings(one.id)} for one in others if one.id != plugin)
    # A name that brings an id along would be that of another one, called so for the same reason.
    if taken or not seen or any(one.endswith(")") or accounts.find(one) is not None for one in seen):
        return f"{name} ({plugin})"
    return name


def _readings(name: str) -> set[str]:
    """What people may take a name for: what they cannot see, or not tell apart, makes no other one of it."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", name) if _is_seen(one))
    both = (one.casefold().translate(_LOOKS_LIKE).split() for one in (plain, plain.translate(_STROKES)))
    return {" ".join(words) for words in both if words}


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CM" and character not in _BLANKS
