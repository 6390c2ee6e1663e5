"""One test for each shape of conflict: names, versions and the way out, in a sentence."""

from __future__ import annotations

import pytest
from jackfield.errors import DependencyLoop, ResolutionError
from jackfield.manifest import Requirement
from jackfield.resolution import Installed, Want


async def conflict(solve, *wants, **options) -> str:
    with pytest.raises(ResolutionError) as caught:
        await solve(*wants, **options)
    return str(caught.value)


async def test_a_library_that_nobody_offers(index, solve):
    index.plugin("poll", requires=("nowhere>=1",))
    assert await conflict(solve, "poll") == (
        "poll 1.0.0 needs nowhere >=1, but no marketplace offers nowhere "
        "(tell the author of poll, or is another marketplace needed?)"
    )


async def test_a_plugin_that_nobody_offers(index, solve):
    index.plugin("poll", needs={"helper": "^1.0"})
    message = await conflict(solve, "poll")
    assert message.startswith("poll 1.0.0 needs helper ^1.0, but no marketplace offers that plugin")


async def test_a_version_that_is_not_offered(index, solve):
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "1.1.0")
    message = await conflict(solve, Want("chat-poll", "poll", Requirement.parse(">=3.0")))
    assert message == "you ask for poll >=3.0, but only 1.1.0, 1.0.0 of poll can be had (ask for another version)"


async def test_a_version_of_what_a_plugin_needs_that_is_not_offered(index, solve):
    """The user did not ask for it, and has no other version to ask for."""
    index.library("jflib", "1.0")
    index.library("jflib", "2.0")
    index.plugin("poll", requires=("jflib>=3",))
    assert await conflict(solve, "poll") == (
        "poll 1.0.0 needs jflib >=3, but only 2.0, 1.0 of jflib can be had "
        "(tell the author of poll, or is another marketplace needed?)"
    )
    index.plugin("dice", requires=("chat-dice>=5",))
    assert (await conflict(solve, "dice")).endswith("(tell the author of dice, or is another marketplace needed?)")


async def test_a_library_that_is_at_odds_with_itself(index, solve):
    index.library("jflib", "1.0")
    index.library("jflib", "2.0")
    index.library("helping", requires=("jflib<2", 'jflib>=2; extra == "fast"'))
    index.plugin("poll", requires=("helping[fast]",))
    assert await conflict(solve, "poll") == (
        "helping 1.0 needs jflib <2 and helping 1.0 needs jflib >=2, and no version of jflib is both "
        "(tell the author of helping, or is another marketplace needed?)"
    )


async def test_too_new_for_the_host(index, solve):
    index.plugin("poll", "2.0.0", host=">=2.0")
    message = await conflict(solve, "poll")
    assert message == (
        "you ask for poll, but none can be used: 2.0.0 needs chat >=2.0, this is chat 1.0.0 "
        "(run the version that it needs, or wait for one of poll that takes this one)"
    )


async def test_made_for_another_host(index, solve):
    index.plugin("poll", app="editor")
    assert "1.0.0 is made for editor, not for chat" in await conflict(solve, "poll")


@pytest.mark.feature("K41")
async def test_two_plugins_want_different_versions(index, solve):
    index.library("jflib", "1.0")
    index.library("jflib", "2.0")
    index.plugin("poll", requires=("jflib<2",))
    index.plugin("dice", requires=("jflib>=2",))
    message = await conflict(solve, "poll", "dice")
    assert "poll 1.0.0 needs jflib <2" in message
    assert "dice 1.0.0 needs jflib >=2" in message
    assert "no version of jflib is both (install only one of dice and poll)" in message


@pytest.mark.feature("K41")
async def test_an_installed_plugin_that_could_have_libraries_of_its_own_is_named(index, solve):
    index.library("jflib", "1.0")
    index.library("jflib", "2.0")
    index.plugin("poll", requires=("jflib<2",))
    index.plugin("dice", requires=("jflib>=2",))
    here = {"chat-dice": "1.0.0", "jflib": "2.0"}
    message = await conflict(solve, "poll", "dice", prefer=here)
    assert message.endswith(
        "(install only one of dice and poll, or give dice libraries of its own: jackfield isolation dice worker)"
    )
    index.plugin("still", requires=("jflib<2",), isolation="inline")
    message = await conflict(solve, "still", "dice", prefer={"chat-still": "1.0.0", "jflib": "1.0"})
    assert message.endswith("(install only one of dice and still)")


async def test_a_plugin_that_the_user_holds_at_a_version(index, solve):
    index.plugin("poll", "1.0.0")
    index.plugin("poll", "2.0.0")
    index.plugin("dice", needs={"poll": ">=2.0"})
    held = Want("chat-poll", "poll", Requirement.parse("^1.0"), pinned=True)
    assert await conflict(solve, "dice", held) == (
        "you hold poll at ^1.0 and dice 1.0.0 needs poll >=2.0, and no version of poll is both"
        " (jackfield pin poll --release lets it go, or another policy for its updates)"
    )


async def test_the_advice_names_what_the_user_can_leave_out(index, solve):
    index.library("jflib", "1.0")
    index.library("jflib", "2.0")
    index.plugin("poll", requires=("jflib<2",))
    index.plugin("dice", requires=("jflib>=2",))
    index.plugin("deep", needs={"poll": "*", "dice": "*"})
    index.plugin("half", needs={"dice": "*"})
    message = await conflict(solve, "deep")
    assert message.endswith("(do without what needs dice and poll together, or tell their authors)")
    message = await conflict(solve, "half", "poll")
    assert message.endswith("(do without poll, or without what needs dice)")


async def test_a_library_brings_no_plugin(index, solve):
    index.plugin("poll")
    index.library("helping", requires=("chat-poll",))
    index.plugin("dice", requires=("helping",))
    assert await conflict(solve, "dice") == (
        "the library helping needs chat-poll, which is the plugin poll: a library brings no plugin "
        "(install poll too, if you want it; else tell the author of helping)"
    )
    assert {pin.id for pin in (await solve("dice", "poll")).pins} == {"dice", "poll", None}
    index.plugin("needing", needs={"poll": "*"}, requires=("helping",))
    assert {pin.id for pin in (await solve("needing")).pins} == {"needing", "poll", None}


async def test_the_host_has_another_version(index, solve):
    index.plugin("poll", requires=("pluggy>=9",))
    message = await conflict(solve, "poll", installed={"pluggy": Installed("1.6.0")})
    assert message == (
        "poll 1.0.0 needs pluggy >=9, but this application has pluggy 1.6.0"
        " (choose another version of poll, or update pluggy with pip)"
    )


async def test_another_platform(index, solve):
    index.plugin("poll", tag="cp311-cp311-win32")
    message = await conflict(solve, "poll")
    assert "1.0.0 is built for cp311-cp311-win32, not for this Python and platform" in message
    assert message.endswith("(ask the author of poll for a wheel for this platform)")


async def test_another_python(index, solve):
    index.plugin("poll", python=">=4.0")
    message = await conflict(solve, "poll")
    assert "1.0.0 needs Python >=4.0, this is 3." in message
    assert message.endswith("(run the version that it needs, or wait for one of poll that takes this one)")


async def test_only_yanked(index, solve):
    index.plugin("poll", yanked="it loses votes")
    message = await conflict(solve, "poll")
    assert message.endswith("1.0.0 was yanked: it loses votes (poll==1.0.0 takes it all the same)")
    exactly = await solve(Want("chat-poll", "poll", Requirement.parse("=1.0.0")))
    assert [pin.version for pin in exactly.pins] == ["1.0.0"]  # the way out is one


async def test_only_yanked_of_what_a_plugin_needs(index, solve):
    index.plugin("dice", yanked="it loses votes")
    index.plugin("poll", needs={"dice": "^1.0"})
    assert (await conflict(solve, "poll")).endswith(
        "1.0.0 was yanked: it loses votes (ask for dice==1.0.0 too: that takes it all the same)"
    )
    exactly = await solve("poll", Want("chat-dice", "dice", Requirement.parse("=1.0.0")))
    assert [pin.version for pin in exactly.pins] == ["1.0.0", "1.0.0"]  # the way out is one
    index.library("jflib", "2.0", yanked=True)
    index.plugin("vote", requires=("jflib>=1",))
    assert (await conflict(solve, "vote")).endswith(
        "2.0 was yanked (only a requirement that names it takes it: tell the author of vote)"
    )


async def test_only_pre_releases(index, solve):
    index.plugin("poll", "1.0.0rc1")
    assert (await conflict(solve, "poll")).endswith("1.0.0rc1 is a pre-release (--pre takes them)")
    assert [pin.version for pin in (await solve(Want("chat-poll", "poll", pre=True))).pins] == ["1.0.0rc1"]


async def test_only_pre_releases_of_what_a_plugin_needs(index, solve):
    """`--pre` is said of what is asked for: of what comes with it, the way out is another one."""
    index.plugin("dice", "1.0.0rc1")
    index.plugin("poll", needs={"dice": "*"})
    assert (await conflict(solve, Want("chat-poll", "poll", pre=True))).endswith(
        "1.0.0rc1 is a pre-release (ask for dice too: --pre takes those of what is asked for)"
    )
    both = await solve(Want("chat-poll", "poll", pre=True), Want("chat-dice", "dice", pre=True))
    assert [pin.version for pin in both.pins] == ["1.0.0rc1", "1.0.0"]
    index.library("jflib", "2.0rc1")
    index.plugin("vote", requires=("jflib>=1",))
    assert (await conflict(solve, Want("chat-vote", "vote", pre=True))).endswith(
        "2.0rc1 is a pre-release (only a requirement that names one takes it: tell the author of vote)"
    )


async def test_a_circle_of_plugins(index, solve):
    for plugin, needed in (("a", "b"), ("b", "c"), ("c", "a")):
        index.plugin(plugin, needs={needed: "*"})
    with pytest.raises(DependencyLoop) as caught:
        await solve("a")
    assert str(caught.value) == (
        "plugins require each other: a → b → c → a (one of them must let go of another; tell their authors)"
    )


async def test_no_wheel_at_all(index, solve):
    index.plugin("poll")
    file = index.files["chat-poll"][0]
    index.files["chat-poll"] = [type(file)("chat_poll-1.0.0.tar.gz", file.url, file.sha256)]
    assert "has no wheel of chat-poll (wheels only" in await conflict(solve, "poll")


async def test_a_library_from_an_address_of_its_own(index, solve):
    index.plugin("poll", requires=("jflib @ https://example.org/jflib.whl",))
    assert "1.0.0 wants jflib from an address of its own, past every" in await conflict(solve, "poll")


@pytest.mark.parametrize("isolation", ["any", "worker"])
async def test_an_address_of_its_own_behind_an_extra(index, solve, isolation):
    """Without its address it would be whatever a marketplace has under that name."""
    index.library("jflib", "2.0", requires=('other @ https://example.org/other.whl ; extra == "more"',))
    index.library("other")
    index.plugin("poll", requires=("jflib[more]",), isolation=isolation)
    assert "none can be used: 2.0 wants other from an address of its own, past every" in await conflict(solve, "poll")
    index.plugin("dice", requires=("jflib[less]",), isolation=isolation)
    assert "other" not in str(await solve("dice"))
    index.library("jflib", "1.0", requires=('other ; extra == "more"',))
    assert "jflib-1.0" in str(await solve("poll"))


async def test_an_address_that_another_platform_wants_does_not_matter(index, solve):
    index.plugin("poll", requires=('jflib @ https://example.org/jflib.whl ; sys_platform == "plan9"',))
    assert len((await solve("poll")).pins) == 1


async def test_a_dependency_in_an_optional_wrong_version(index, solve):
    index.plugin("poll", needs={"helper": "^2.0?"})
    index.plugin("helper", "1.0.0")
    message = await conflict(solve, "poll", "helper")
    assert "poll 1.0.0 needs helper ^2.0" in message


@pytest.mark.feature("M26", "K14")
async def test_two_distributions_with_one_id(index, solve):
    index.plugin("poll")
    index.plugin("poll", distribution="other-poll")
    with pytest.raises(ResolutionError, match="chat-poll and other-poll are both the plugin poll"):
        await solve(Want("chat-poll", "poll"), Want("other-poll", "poll"))


"""More than Python makes a number of."""
