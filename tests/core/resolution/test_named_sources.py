"""A conflict says whose the versions are that will not do, where there are several marketplaces."""

from __future__ import annotations

import pytest
from jackfield.manifest import Requirement
from jackfield.resolution import Want

from tests.core.resolution.test_conflicts import conflict


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (("jflib>=3",), "but only 2.0, 1.5, 1.0 of jflib can be had{}"),
        (("jflib<2", "jflib>=2"), "and no version of jflib{} is both"),
        (("jflib>1.1,<2",), "but none{} can be used: 1.5 was yanked"),
    ],
)
async def test_versions_that_will_not_do_are_those_of_a_marketplace(index, solve, limits, told):
    index.library("jflib", "1.0")
    index.library("jflib", "2.0")
    index.library("jflib", "1.5", yanked=True)
    index.plugin("poll", requires=limits)
    assert told.format("") in await conflict(solve, "poll")
    assert told.format(f" from {index.source}") in await conflict(solve, "poll", named=True)


async def test_a_file_on_this_machine_is_of_no_marketplace(index, solve):
    index.source = "file"
    index.plugin("poll")
    told = await conflict(solve, Want("chat-poll", "poll", Requirement.parse(">=3.0")), named=True)
    assert told == "you ask for poll >=3.0, but only 1.0.0 of poll can be had (ask for another version)"
