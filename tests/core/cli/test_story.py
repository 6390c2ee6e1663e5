"""Search, install, enable, grant, remove: told by the real command against a real marketplace."""

import re

import jsonschema
import pytest
from jackfield.cli.schemas import schema_of
from jackfield.store import Layout

from tests.core.cli.conftest import SEND, Desk
from tests.support.wheels import build_plugin, plugin_source

pytestmark = pytest.mark.slow


@pytest.mark.feature("C34")
def test_search_lists_the_best_first_in_aligned_columns(desk: Desk):
    lines = desk.run("search", "poll").out.splitlines()
    assert re.fullmatch(r"poll  2\.0\.0  worker  ✓ \S+  The poll plugin.*", lines[0])


def test_search_says_when_nothing_fits(desk: Desk):
    ran = desk.run("search", "unheard-of")
    assert (ran.code, ran.out) == (0, "No plugin fits 'unheard-of'.\n")
    ran = desk.run("search", "--category", "unheard-of")
    assert (ran.code, ran.out) == (0, "No plugin of the category 'unheard-of' is there.\n")
    ran = desk.run("search", "poll", "--category", "unheard-of")
    assert (ran.code, ran.out) == (0, "No plugin of the category 'unheard-of' fits 'poll'.\n")


@pytest.mark.feature("C35")
def test_info_tells_what_a_plugin_asks_for_before_it_is_installed(desk: Desk):
    text = desk.run("info", "poll").out
    assert "send messages" in text
    assert "to show who voted" in text
    assert re.search(r"installed +no", text)
    assert re.search(r"versions +2\.0\.0, 1\.3\.1", text)


@pytest.mark.feature("C4", "C13")
def test_install_asks_with_permissions_and_reasons_and_takes_yes_for_yes(desk: Desk):
    ran = desk.run("install", "poll", typed="y\n")
    assert ran.code == 0
    assert re.search(r"wants to +send messages +to post results", ran.out)
    assert "read member names" in ran.out
    assert "Install and enable poll? [y/N]" in ran.out
    assert re.search(r"poll 2\.0\.0 was installed and enabled in [\d.]+ s\.$", ran.out.strip())
    assert desk.rows()["poll"]["enabled"] is True


def test_what_of_a_wheel_is_left_out_is_listed(desk: Desk, tmp_path):
    """Its data and scripts would lie outside of the plugin, where pip puts them."""
    source = plugin_source("vote")
    source.files |= {f"chat_vote-1.0.0.data/{path}": "" for path in ("data/a", "data/b", "data/c", "scripts/run")}
    source.entry_points["console_scripts"] = {"vote-now": "chat_vote:Main"}
    wheel = source.build(tmp_path)
    ran = desk.run("install", str(wheel), "--yes")
    assert ran.code == 0, ran.err
    told = "Left out: data/a of chat_vote, data/b of chat_vote, data/c of chat_vote, script vote-now of chat_vote"
    assert ran.out.splitlines()[-1] == f"{told} and 1 more."
    desk.run("remove", "vote", "--yes")


@pytest.mark.parametrize("typed", ["n\n", "\n", ""], ids=["no", "enter", "silence"])
def test_anything_but_yes_changes_nothing(polling: Desk, typed):
    before = polling.files()
    for words in (["install", "dice"], ["update"], ["enable", "weather"]):
        ran = polling.run(*words, typed=typed)
        assert ran.code == 3
        assert "nothing was changed" in ran.err
    assert polling.files() == before


def test_yes_alone_grants_no_permission(desk: Desk):
    ran = desk.run("install", "poll", "--yes")
    assert ran.code == 3
    assert "send messages" in ran.out
    assert "[y/N]" not in ran.out, "who says yes beforehand is not there to be asked"
    assert ran.err.splitlines() == [
        "error: --yes says yes to the plan, and not to what poll asks for; nothing was changed",
        "hint: add --accept-permissions",
    ]
    assert "poll" not in desk.rows()


def test_yes_alone_grants_nothing_of_several_plugins(desk: Desk, tmp_path):
    vote = build_plugin(tmp_path, "vote", "1.0.0", permissions=SEND)
    ran = desk.run("install", "poll", str(vote), "--yes")
    assert ran.code == 3
    told = "error: --yes says yes to the plan, and not to what poll and vote ask for; nothing was changed"
    assert ran.err.splitlines()[0] == told


def test_a_program_is_told_what_consent_is_missing(desk: Desk):
    ran = desk.run("install", "poll", "--json")
    assert ran.code == 3
    assert ran.json["error"]["kind"] == "ConsentRequired"
    (request,) = ran.json["plan"]["consent"]
    assert {one["sentence"] for one in request["permissions"]} == {"send messages", "read member names"}


def test_an_unknown_id_names_a_near_one(desk: Desk):
    for words in (["install", "pol", "--yes"], ["info", "dicce"]):
        ran = desk.run(*words)
        assert ran.code == 1
        assert re.search(r"^hint: did you mean (poll|dice)", ran.err, re.MULTILINE)


def test_several_are_installed_in_one_change(desk: Desk, tmp_path):
    wheel = build_plugin(tmp_path / "wheels", "local")
    ran = desk.run("install", "poll@^1.3", "dice==1.0", wheel, "--accept-permissions")
    assert ran.code == 0, ran.err
    assert "dice 1.0.0, local 1.0.0 and poll 1.3.1 were installed and enabled" in ran.out
    assert desk.run("history", "--json").json["total"] == 1


def test_a_plugin_that_asks_for_nothing_is_shown_with_its_publisher_too(desk: Desk):
    shown = desk.run("install", "dice", "--dry-run")
    first, second, third, *_ = shown.out.splitlines()
    assert re.fullmatch(rf"dice 1\.0\.0 from {re.escape(desk.market)} \(published .* by \S+\)", first)
    assert second == "  wants to   nothing that needs a permission"
    assert third.startswith("fetches ")
    (item,) = desk.run("install", "dice", "--dry-run", "--json").json["plan"]["added"]
    assert f"by {item['made_by']})" in first
    assert (item["made_by"], item["key"]) == (item["publisher"], None)
    assert item["published"] is not None


def test_a_dry_run_shows_the_plan_and_changes_nothing(polling: Desk):
    before = polling.files()
    ran = polling.run("update", "--dry-run")
    assert ran.code == 0
    assert "poll 1.3.1 → 2.0.0" in ran.out
    assert ran.out.endswith("Nothing was changed: this was a dry run.\n")
    assert polling.files() == before


def test_a_wheel_on_this_computer_is_installed(desk: Desk, tmp_path):
    wheel = build_plugin(tmp_path / "wheels", "local")
    ran = desk.run("install", wheel, "--yes", "--accept-permissions")
    assert ran.code == 0, ran.err
    assert desk.rows()["local"]["source"] == "file"


def test_a_plugin_installed_disabled_gets_no_rights(desk: Desk):
    ran = desk.run("install", "poll", "--disabled", "--yes")
    assert ran.code == 0, ran.err
    assert desk.rows()["poll"]["state"] == "disabled"
    assert "may not" in desk.run("permissions", "poll").out


def test_permissions_are_revoked_and_granted_one_by_one(polling: Desk):
    assert polling.run("permissions", "revoke", "poll", "messages:send").out == (
        "poll may no longer send messages (messages:send).\n"
    )
    assert re.search(r"may not +send messages", polling.run("permissions", "poll").out)
    assert polling.run("permissions", "grant", "poll", "messages:send").out == (
        "poll may now send messages (messages:send).\n"
    )


def test_a_removal_tells_where_the_data_of_each_plugin_stays(polling: Desk):
    layout = Layout.locate("chat", environ=polling.environ)
    assert f"note: the data of poll stays in {layout.data('poll')}\n" in polling.run("remove", "poll").out


@pytest.mark.feature("U9", "U11")
def test_a_list_is_written_and_installed_again(polling: Desk, tmp_path):
    printed = polling.run("export")
    assert re.fullmatch(r"poll==1\.3\.1@sha256:[0-9a-f]{64}\n", printed.out)
    listed = tmp_path / "plugins.txt"
    assert polling.run("export", "--output", listed).out == f"1 plugin written to {listed}.\n"
    answer = polling.run("export", "--json").json
    jsonschema.validate(answer, schema_of("export"))
    assert polling.run("remove", "poll", "--yes").code == 0
    again = polling.run("install", "-r", listed, "--accept-permissions")
    assert "@sha256:" not in again.out
    assert re.search(r"poll 1\.3\.1 was installed and enabled", again.out)
    assert polling.run("export").out == printed.out


def test_nothing_named_is_a_usage_mistake(desk: Desk, tmp_path):
    ran = desk.run("install")
    assert (ran.code, ran.err.splitlines()[0]) == (2, "error: nothing to install was named")
    assert desk.run("export").out == ""
    (tmp_path / "folder").mkdir()
    refused = desk.run("export", "--output", tmp_path / "folder" / "missing" / "x.txt")
    assert refused.code == 1
    assert "cannot be written" in refused.err


@pytest.mark.feature("U13")
def test_enable_tells_of_a_command_that_another_plugin_has(desk: Desk, tmp_path):
    polls = '[contributes]\ncommands = [{ name = "vote" }]\n'
    told = "note: the command vote of aaa is that of zzz: aaa cannot run while zzz is enabled"
    for name in ("zzz", "aaa"):
        ran = desk.run("install", str(build_plugin(tmp_path, name, more=polls)), "--yes")
        assert ran.code == 0, ran.err
        assert (told in ran.out.splitlines()) is (name == "aaa"), ran.out
    assert desk.run("disable", "aaa").code == 0
    assert desk.run("enable", "aaa").out.splitlines() == ["aaa was enabled.", told]
    rows = desk.run("enable", "aaa", "zzz", "--json").json["plugins"]
    assert [row["clashes"] for row in rows] == [[told.removeprefix("note: ")], []]
