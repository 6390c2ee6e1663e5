"""Install, update, roll back, enable, grant: told by the real command against a real marketplace."""

import getpass
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import click
import jsonschema
import pytest
from click.testing import CliRunner
from jackfield.cli import group_for
from jackfield.cli.schemas import schema_of
from jackfield.management import Management
from jackfield.store import Layout

from tests.core.cli.conftest import Desk, plugin_wheels
from tests.support.processes import Server, free_port, script
from tests.support.wheels import build_plugin

pytestmark = pytest.mark.slow


@pytest.mark.feature("C34")
def test_search_lists_the_best_first_in_aligned_columns(desk: Desk):
    lines = desk.run("search", "poll").out.splitlines()
    assert re.fullmatch(r"poll  2\.0\.0  inline  ✓ \S+  The poll plugin.*", lines[0])


def test_search_says_when_nothing_fits(desk: Desk):
    ran = desk.run("search", "unheard-of")
    assert (ran.code, ran.out) == (0, "No plugin fits 'unheard-of'.\n")


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
    assert ran.err.splitlines()[-1] == "hint: add --accept-permissions"
    assert "poll" not in desk.rows()


def test_a_program_is_told_what_consent_is_missing(desk: Desk):
    ran = desk.run("install", "poll", "--json")
    assert ran.code == 3
    assert ran.json["error"]["kind"] == "ConsentRequired"
    (request,) = ran.json["plan"]["consent"]
    assert {one["sentence"] for one in request["permissions"]} == {"send messages", "read member names"}


@pytest.mark.feature("C41", "C43")
def test_an_update_is_shown_with_its_changelog_and_asks_again_for_what_is_new(polling: Desk):
    check = polling.run("update", "--check")
    assert check.code == 0
    assert "poll  1.3.1 → 2.0.0  asks for more: read member names (to show who voted)" in check.out
    assert "The sidebar shows who voted" in check.out
    assert "Counts right" not in check.out  # that is in what is installed already
    refused = polling.run("update", "--yes")
    assert refused.code == 3
    assert re.search(r"read member names \(new\) +to show who voted", refused.out)
    assert "left       at 1.3.1: what is new was not granted" in refused.out
    assert refused.err.splitlines() == [
        "error: left poll at 1.3.1, since it asks for more",
        "hint: jackfield update poll --accept-permissions",
    ]
    assert polling.rows()["poll"]["version"] == "1.3.1"
    accepted = polling.run("update", typed="yes\n")
    assert accepted.code == 0
    assert "poll 2.0.0 was updated" in accepted.out
    again = polling.run("update", "--check")
    assert (again.code, again.out) == (4, "Every plugin: nothing newer.\n")


@pytest.fixture
def newer(desk: Desk, tmp_path) -> Iterator[Desk]:
    """A user with poll 1.3.1 and calm 1.0.0, at a marketplace that holds newer versions of both."""
    wheels = tmp_path / "newer"
    for version in ("1.0.0", "1.1.0"):
        build_plugin(wheels, "calm", version)
    plugin_wheels(wheels)
    command = [script("jackfield-marketplace"), "serve", "--data", str(tmp_path / "newer-data"), "--port", "0"]
    with Server([*command, "--seed", str(wheels)]) as server:
        desk.more["JACKFIELD_MARKETPLACE"] = server.address
        assert desk.run("install", "poll==1.3.1", "calm==1.0.0", "--accept-permissions").code == 0
        yield desk


@pytest.mark.feature("C42", "C43")
def test_yes_updates_what_asks_for_nothing_new_and_names_the_rest(newer: Desk):
    ran = newer.run("update", "--yes")
    assert ran.code == 3
    assert re.search(r"calm 1\.1\.0 was updated in [\d.]+ s\.$", ran.out.strip())
    assert re.search(r"read member names \(new\) +to show who voted", ran.out)
    assert ran.err.splitlines() == [
        "error: left poll at 1.3.1, since it asks for more",
        "hint: jackfield update poll --accept-permissions",
    ]
    assert {row["id"]: row["version"] for row in newer.rows().values() if row["origin"] == "store"} == {
        "calm": "1.1.0",
        "poll": "1.3.1",
    }
    assert newer.run("rollback").code == 0
    answer = newer.run("update", "--yes", "--json")
    jsonschema.validate(answer.json, schema_of("update"))
    assert answer.json["applied"] is True
    assert [one["plugin"] for one in answer.json["plan"]["held"]] == ["poll"]
    assert answer.json["error"]["exit_code"] == answer.code == 3
    shown = newer.run("update", "--yes", "--dry-run")
    assert shown.code == 0
    assert "left       at 1.3.1" in shown.out
    assert newer.run("update", "poll", "--accept-permissions").code == 0
    assert newer.run("update", "--yes").out == "Every plugin: nothing newer.\n"


def test_a_plugin_that_is_held_says_by_whom(polling: Desk):
    layout = Layout.locate("chat", environ=polling.environ)
    by = f"{getpass.getuser()} on the command line"
    Management("chat", layout, []).pin("poll", "<2.0", by=by)
    today = datetime.now().astimezone()
    ran = polling.run("update", "--check")
    assert (ran.code, ran.out) == (
        4,
        f"poll  held at <2.0  2.0.0 is there; you pinned it on {today.day} {today:%B}\n",
    )
    assert polling.run("update", "--yes").out == "Every plugin: nothing newer.\n"


def test_what_was_rolled_back_can_be_had_again(polling: Desk):
    assert polling.run("update", "--accept-permissions").code == 0
    assert polling.run("rollback").code == 0
    ran = polling.run("rollback", "--to", "2")
    assert ran.code == 0, ran.err
    assert "poll 1.3.1 was brought forward to 2.0.0." in ran.out
    assert "Made again: update poll." in ran.out
    again = polling.run("rollback", "--to", "2")
    assert (again.code, again.err.splitlines()[0]) == (2, "error: generation 2 is active already")


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


@pytest.mark.feature("C45", "C46")
def test_rollback_brings_version_and_permissions_back(polling: Desk):
    assert polling.run("update", "--accept-permissions").code == 0
    ran = polling.run("rollback")
    assert ran.code == 0
    assert "poll 2.0.0 was rolled back to 1.3.1." in ran.out
    assert polling.rows()["poll"]["version"] == "1.3.1"
    assert "read member names" not in polling.run("permissions", "poll").out
    history = polling.run("history").out.splitlines()
    assert history[0].split() == ["GENERATION", "WHEN", "WHAT", "BY"]
    assert history[1].endswith("active")
    assert "undone" in history[2]


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


class TestFromPip:
    """Plugins of the environment: one with a manifest by uv, one without by pip."""

    def test_they_are_found_and_not_enabled(self, desk: Desk):
        rows = desk.rows()
        assert "no manifest" in desk.run("list").out
        assert {name: (row["state"], row["origin"]) for name, row in rows.items()} == {
            "weather": ("found", "environment"),
            "legacy-x": ("found", "environment"),
        }
        assert re.search(r"weather +1\.4\.0 +not enabled +inline +pip", desk.run("list").out)

    def test_consent_is_asked_at_enable(self, desk: Desk):
        ran = desk.run("enable", "weather", typed="y\n")
        assert ran.code == 0
        assert re.search(r"wants to +send messages +to post results", ran.out)
        assert "this Python environment, where pip or uv put it" in ran.out
        assert desk.rows()["weather"]["state"] == "enabled"

    def test_one_without_a_manifest_asks_for_full_trust(self, desk: Desk):
        ran = desk.run("enable", "legacy-x", typed="y\n")
        assert ran.code == 0
        assert "it has no manifest, so a yes is full trust" in ran.out
        row = desk.rows()["legacy-x"]
        assert (row["state"], row["legacy"], row["isolation"], row["isolation_asked"]) == (
            "enabled",
            True,
            "inline",
            None,
        )
        today = datetime.now().astimezone()
        assert f"no manifest: trusted by you on {today.day} {today:%B}" in desk.run("list").out

    def test_they_are_disabled_like_the_others(self, desk: Desk):
        desk.run("enable", "weather", "--accept-permissions")
        assert desk.run("disable", "weather").out == "weather was disabled.\n"
        assert desk.rows()["weather"]["enabled"] is False
        # The grant is kept: enabled again, it asks nothing.
        assert desk.run("enable", "weather").code == 0

    @pytest.mark.parametrize("verb", ["update", "remove"])
    def test_their_update_and_removal_are_left_to_pip(self, desk: Desk, verb):
        ran = desk.run(verb, "weather")
        assert ran.code == 1
        assert f"weather came by pip: {verb} it with pip" in ran.err
        assert "hint: pip" in ran.err


@pytest.mark.parametrize(
    "words", ["disable poll", "enable poll", "history", "permissions poll", "rollback --yes", "list"]
)
def test_what_asks_no_marketplace_loads_neither_the_network_nor_the_resolver(polling: Desk, words: str):
    code = (
        "import sys\nfrom jackfield.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as ended:\n    code = ended.code\n"
        "print(code, sorted({'httpx', 'resolvelib', 'tuf'} & set(sys.modules)), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", code, *words.split()]
    done = subprocess.run(command, env=polling.environ, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "0 []"


def test_a_removal_tells_where_the_data_of_each_plugin_stays(polling: Desk):
    layout = Layout.locate("chat", environ=polling.environ)
    assert f"note: the data of poll stays in {layout.data('poll')}\n" in polling.run("remove", "poll").out


def test_a_marketplace_that_is_down_has_its_own_exit_code(desk: Desk):
    nobody = f"http://127.0.0.1:{free_port()}"
    for words in (["search", "poll"], ["install", "poll", "--yes"], ["info", "poll"]):
        ran = desk.run(*words, market=nobody)
        assert ran.code == 5
        assert nobody in ran.err


def test_one_marketplace_that_is_down_does_not_hide_the_other(desk: Desk):
    nobody = f"http://127.0.0.1:{free_port()}"
    ran = desk.run("search", "poll", market=f"{nobody} {desk.market}")
    assert ran.code == 0
    assert "poll" in ran.out
    assert ran.err.startswith(f"warning: {nobody}")


def test_without_a_marketplace_it_says_how_to_name_one(desk: Desk):
    ran = desk.run("search", "poll", market="")
    assert ran.code == 2
    assert "no marketplace is configured" in ran.err
    assert "--marketplace URL" in ran.err


def test_the_option_goes_before_the_environment(desk: Desk):
    ran = desk.run("--marketplace", desk.market, "search", "poll", market="http://127.0.0.1:9")
    assert ran.code == 0


def test_an_unknown_application_is_named_with_those_that_are_here(desk: Desk):
    ran = desk.run("--app", "chta", "list")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "error: no application is called 'chta'; here is chat",
        "hint: did you mean --app chat?",
    ]


def test_an_adopted_application_is_listed_and_its_plugins_switched_off(desk: Desk, adopted_app):
    app = adopted_app(desk)
    assert app.loaded() == ["tool-x"]
    rows = desk.run("--app", "tool", "list", "--json").json["plugins"]
    assert [(row["id"], row["enabled"]) for row in rows] == [("tool-x", True)]
    assert desk.run("--app", "tool", "disable", "tool-x").code == 0
    assert app.loaded() == []
    assert desk.run("--app", "tool", "enable", "tool-x").code == 0
    assert app.loaded() == ["tool-x"]


def test_an_application_embeds_the_commands_under_its_own_name(polling: Desk):
    @click.group()
    def chat():
        pass

    chat.add_command(group_for("chat", marketplaces=[polling.market], home=polling.home))
    runner = CliRunner()
    listed = runner.invoke(chat, ["plugins", "list"], prog_name="jackfield-chat")
    assert listed.exit_code == 0, listed.stderr
    assert "poll" in listed.stdout
    found = runner.invoke(chat, ["plugins", "search", "poll"], prog_name="jackfield-chat")
    assert found.exit_code == 0, found.stderr
    wrong = runner.invoke(chat, ["plugins", "remove"], prog_name="jackfield-chat")
    assert wrong.exit_code == 2
    assert "hint: jackfield-chat plugins remove --help" in wrong.stderr
    unknown = runner.invoke(chat, ["plugins", "permissions", "nothing"], prog_name="jackfield-chat")
    assert "hint: jackfield-chat plugins install nothing" in unknown.stderr


def test_a_terminal_that_lacks_a_character_is_no_reason_to_fail(polling: Desk):
    polling.more["PYTHONIOENCODING"] = "latin-1"
    ran = polling.run("update", "--check")
    assert ran.code == 0
    assert "1.3.1 ? 2.0.0" in ran.out


def test_a_reader_that_goes_away_is_no_reason_to_complain(polling: Desk):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [script("jackfield"), "list"],
        env=polling.environ,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert done.stderr == ""


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
