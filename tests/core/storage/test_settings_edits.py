"""What a user wrote around values stays, whatever changes them: comments within lists, too, and odd ends of lines."""

from __future__ import annotations

import re
import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st
from jackfield.storage.settings_edits import MOST_ENTRIES, lines_of, with_values

LIST = """\
# before
words = [
    # the first of all
    "a", # as ever
    # since Tuesday
    "b",
] # that is all
days = 2 # enough
"""


def test_an_entry_comes_or_goes_and_the_others_keep_their_comments():
    assert with_values(LIST, {"words": ["a", "b", "c"]}, {"words": []}) == LIST.replace(
        '    "b",\n', '    "b",\n    "c",\n'
    )
    assert with_values(LIST, {"words": ["b"]}, {"words": []}) == LIST.replace('    "a", # as ever\n', "")


def test_a_list_with_comments_that_is_not_set_any_more_stays_as_a_comment():
    text = with_values(LIST, {"words": None}, {"words": []})
    assert tomllib.loads(text) == {"days": 2}
    assert '#     # since Tuesday\n#     "b",\n# ] # that is all\n# words = [] # that is all\n' in text
    assert tomllib.loads(with_values(text, {"words": ["z"]}, {"words": []}))["words"] == ["z"]


entries = st.lists(st.sampled_from(["a", "b", "c", "#", '"', "x,y", "\n"]), max_size=5)


@given(entries, entries, st.sets(st.integers(0, 4)), st.booleans(), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_no_comment_between_entries_is_lost(old, new, commented, comma, unset, end):
    lines = ["first = 1 # one", "words = ["]
    for place, one in enumerate(old):
        lines += [f"    # own {place}"] if place in commented else []
        lines += [f"    {tomlkit.item(one).as_string()}{',' if comma or place < len(old) - 1 else ''}"]
    text = end.join([*lines, "    # at the end", "] # behind", "last = 2", ""])
    changed = with_values(text, {"words": None if unset else new}, {"words": []})
    assert tomllib.loads(changed) == {"first": 1, "last": 2} | ({} if unset else {"words": new})
    assert set(re.findall(r"# (?:own \d|at the end|behind|one)", text)) <= set(
        re.findall(r"# (?:own \d|at the end|behind|one)", changed)
    )


def test_a_long_list_is_written_anew_below_what_it_was():
    many = [f"w{number}" for number in range(MOST_ENTRIES // 2)]
    rows = "".join(f'    "{one}",\n' for one in many)
    text = f"words = [\n    # mine\n{rows}]\n"
    longer = [*many, *(f"v{number}" for number in range(MOST_ENTRIES))]
    changed = with_values(text, {"words": longer}, {"words": []})
    assert changed.startswith("# words = [\n#     # mine\n")
    assert tomllib.loads(changed) == {"words": longer}


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_what_ends_a_line_elsewhere_ends_none_of_toml(character):
    text = f'# a{character}b\nplace = "x{character}"\ndays = 2\n'
    assert lines_of(text, ("days",)) == {"days": 3}
    changed = with_values(text, {"days": None}, {"days": 3})
    assert changed == text.replace("days = 2", "# days = 3")
