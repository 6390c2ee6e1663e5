"""What a file and the log say is compared with what both said last."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from jackfield.storage.mirror import compare
from jackfield.storage.settings_file import Content

VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 2))


@given(*[st.dictionaries(st.sampled_from("abc"), VALUES.filter(lambda value: value is not None))] * 3)
def test_after_comparing_both_say_the_same_and_a_hand_wins(written, log, agreed):
    moves = compare(Content(written), log, agreed)
    ends = [
        {key: value for key, value in {**side, **moved}.items() if value is not None}
        for side, moved in ((log, moves.to_log), (written, moves.to_file))
    ]
    assert repr(sorted(ends[0].items())) == repr(sorted(ends[1].items())) == repr(sorted(moves.agreed.items()))
    for key, value in written.items():
        if repr(value) != repr(agreed.get(key)):
            assert repr(moves.agreed[key]) == repr(value)
