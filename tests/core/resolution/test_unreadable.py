"""What nobody can read or make sense of: told in a sentence, and in the way of nobody who does without it."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest
from jackfield.manifest import Requirement
from jackfield.resolution import Installed, Want

from tests.core.resolution.test_conflicts import conflict


@pytest.mark.parametrize(
    "requires", [("lib " + ",".join([">=1"] * 20_000),), tuple(f"lib-{one}" for one in range(6000))]
)
async def test_a_version_that_asks_for_more_than_anybody_reads(index, solve, requires):
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "1.1.0", requires=requires)
    assert await conflict(solve, Want("chat-poll", "poll", Requirement.parse(">=1.1"))) == (
        "you ask for poll >=1.1, but none can be used: 1.1.0 cannot be read: "
        "more than 5000 lines of Requires-Dist, or one that is too long"
    )


@pytest.mark.parametrize("manifest", [None, "schema = 1"])
async def test_metadata_that_nobody_can_read_leaves_nothing_behind(index, solve, manifest):
    """What was begun beside it is seen to its end: a coroutine that nobody awaits is told when it is collected."""
    index.plugin("poll", requires=("helping",))
    index.library("helping", manifest=manifest)
    (file,) = index.files["helping"]
    del index.texts[file.sha256]
    message = await conflict(solve, "poll")
    assert "helping-1.0-py3-none-any.whl has metadata that nobody can read" in message
    gc.collect()


async def test_a_version_of_the_environment_that_means_nothing_hinders_only_who_needs_it(index, solve):
    """Systems give such to what they bring along: `gpg 1.16.0-unknown`, `distro-info 1.1build1`."""
    host = {"gpg": Installed("1.16.0-unknown"), "distro-info": Installed("1.1build1")}
    index.plugin("dice")
    assert len((await solve("dice", installed=host)).pins) == 1
    index.plugin("poll", requires=("gpg>=1",))
    assert await conflict(solve, "poll", installed=host) == (
        "poll 1.0.0 needs gpg >=1, but this application has gpg 1.16.0-unknown"
        " (choose another version of poll, or update gpg with pip)"
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('h2>=3.* ; extra == "http2"', "cannot be read: "),
        ('h2 ; os_name ~= "x"', "cannot be read: Requires-Dist h2 ; os_name"),
        ('h2 @ https://example.org/h2.whl ; extra == "http2"', "wants h2 from an address of its own, past every"),
    ],
)
async def test_an_extra_of_the_environment_that_nobody_can_bring(index, solve, line, why):
    index.library("h2", "4.0")
    index.plugin("poll", requires=("httpx[http2]>=0.2",))
    host = {"httpx": Installed("0.28.1", ("idna", line))}
    message = await conflict(solve, "poll", installed=host)
    assert message.startswith(f"httpx[http2] 0.28.1 of this application {why}")
    assert message.endswith("(update httpx with pip)")
    index.plugin("dice", requires=("httpx>=0.2",))
    assert len((await solve("dice", installed=host)).pins) == 1


async def test_a_manifest_that_cannot_be_read(index, solve):
    index.library("chat-poll", "1.0.0", manifest="broken")
    assert "1.0.0 cannot be read: chat_poll-1.0.0-py3-none-any.whl has a manifest" in await conflict(solve, "poll")


DIGITS = "9" * 5000


MEAN_NOTHING = (
    f"jflib>={DIGITS}",
    f'jflib; python_version>="{DIGITS}"',
    'jflib; os_name ~= "x"',
    'jflib; "a" in "b"',
    "jflib; " + "(" * 5000 + 'os_name=="x"' + ")" * 5000,
)


@pytest.mark.parametrize("line", MEAN_NOTHING, ids=["version", "python", "comparison", "texts", "nesting"])
async def test_a_requirement_that_means_nothing_is_told_in_a_sentence(index, solve, line):
    index.library("jflib", "1.0")
    index.plugin("poll", requires=(line,))
    message = await conflict(solve, "poll")
    assert "1.0.0 cannot be read: Requires-Dist jflib" in message
    assert len(message) < 400


@pytest.mark.parametrize("line", MEAN_NOTHING, ids=["version", "python", "comparison", "texts", "nesting"])
async def test_a_version_that_means_nothing_keeps_nobody_from_the_others(index, solve, line):
    index.library("jflib", "1.0")
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "1.1.0", requires=(line,))
    solution = await solve("poll")
    assert [pin.version for pin in solution.pins] == ["1.0.0"]


@pytest.mark.parametrize("python", [f">={DIGITS}", ">=999" + ",>=999" * 1000], ids=["digits", "length"])
async def test_a_python_that_nobody_can_read(index, solve, python):
    index.plugin("poll", python=python)
    message = await conflict(solve, "poll")
    assert "1.0.0 asks for a Python that nobody can read: >=999" in message
    assert len(message) < 400


async def test_a_file_whose_version_nobody_can_read_is_passed_over(index, solve):
    index.plugin("poll", "1.0.0")
    index.files["chat-poll"].append(
        replace(index.files["chat-poll"][0], filename=f"chat_poll-{DIGITS}-py3-none-any.whl")
    )
    solution = await solve("poll")
    assert [pin.version for pin in solution.pins] == ["1.0.0"]
