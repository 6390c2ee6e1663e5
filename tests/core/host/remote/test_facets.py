"""Every facet of `context` over a link: what the contract suite does not look at."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

USES = [
    ("probe storage set key [1,2]", "kept"),
    ("probe storage get key", '"nothing"'),
    ("probe storage keys", "[]"),
    ("probe storage delete key", "gone"),
    ("probe table insert {}", "1"),
    ("probe apply ann", "[null, 1, null]"),
    ("probe say greeting", "Hello alice"),
    ("probe settings get greeting", '"hello"'),
    ("probe settings set limit 4", '{"greeting": "hello", "limit": 4}'),
    ("probe settings typed", "Wishes(greeting='hello', limit=3, token='', colour='red')"),
    ("probe settings watch", "watching"),
    ("probe commands add echo", "added"),
    ("probe commands tree tally", "added"),
    ("probe events emit declared", "sent"),
    ("probe events order", "sent"),
    ("probe ui component box", "shown"),
    ("probe ui form", "shown"),
    ("probe ui menu", "offered"),
    ("probe scheduler start", "started"),
    ("probe blocking thread key", "from a thread"),
    ("probe services call greeter you 2", '["hello you", "hello you"]'),
    ("probe services protocol", '["hello you"]'),
    ("probe environment PROBE_NOTHING", "null"),
    ("probe plugins list", "friend peer probe"),
    ("probe plugins status peer", "peer 1.0.0 active"),
    ("probe services typed", "Spoken hello yourself 3"),
    ("probe storage large 900000", "900000"),
]


@pytest.mark.parametrize(("use", "answer"), USES)
async def test_each_works_from_another_process(apart, use, answer):
    assert await apart.ask(use) == answer
