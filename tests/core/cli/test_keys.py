"""`jackfield keys`, and an external plugin in the other commands."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SEND = '[[permissions]]\nresource = "messages"\nactions = ["send"]\nreason = "to answer"\n'
MANIFEST = 'schema = 1\nid = "echo"\nname = "Echo"\nversion = "1.2.0"\ndescription = "Says it again"\n'


NO_KEYS = "No keys yet. Make one: jackfield keys new PLUGIN --manifest plugin.toml\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    file = tmp_path / "plugin.toml"
    file.write_text(MANIFEST + SEND, encoding="utf-8")
    return file


@pytest.mark.feature("J1", "J2")
def test_a_key_is_shown_once_after_what_the_plugin_asks_for(desk, manifest):
    refused = desk.run("keys", "new", "echo", "--manifest", manifest, typed="n\n")
    assert refused.code == 3
    assert "echo 1.2.0 from wherever it is started, with a key" in refused.out
    assert "send messages" in refused.out
    assert "to answer" in refused.out
    assert desk.run("keys").out == NO_KEYS
    assert desk.run("keys", "new", "echo", "--manifest", manifest).code == 3, "nobody was there to answer"

    made = desk.run("keys", "new", "echo", "--manifest", manifest, "--name", "the laptop", typed="y\n")
    assert made.code == 0
    key = made.out.splitlines()[-1]
    assert key.startswith("jfk_")
    kept = b"".join(desk.files().values())
    assert key.encode() not in kept
    assert key.rpartition("_")[2].encode() not in kept

    (row,) = desk.run("keys", "list", "--json").json["keys"]
    assert (row["plugin"], row["name"], row["last_used"], row["connected"]) == ("echo", "the laptop", None, None)
    assert row["number"] in key
    assert desk.rows()["echo"]["isolation"] == "external"
    assert desk.rows()["echo"]["state"] == "enabled"
    assert "messages:send" in desk.run("permissions", "echo").out
    assert "an external plugin" in desk.run("info", "echo").out


def test_a_second_key_needs_no_manifest_and_asks_nothing_again(desk, manifest):
    first = desk.run("keys", "new", "echo", "--manifest", manifest, "--accept-permissions", "--json").json
    second = desk.run("keys", "new", "echo", "--json").json
    assert first["key"] != second["key"]
    (granted,) = desk.run("permissions", "echo", "--json").json["plugins"]
    assert [one["granted"] for one in granted["permissions"]] == [True]


def test_without_a_manifest_nothing_is_granted_that_needs_a_permission(desk):
    assert desk.run("keys", "new", "echo").code == 0
    (granted,) = desk.run("permissions", "echo", "--json").json["plugins"]
    assert granted["permissions"] == []


def test_a_manifest_that_asks_for_more_asks_again(desk, manifest):
    desk.run("keys", "new", "echo", "--manifest", manifest, "--accept-permissions")
    more = SEND.replace('"send"', '"send", "read"')
    manifest.write_text(MANIFEST.replace("1.2.0", "1.3.0") + more, encoding="utf-8")
    refused = desk.run("keys", "new", "echo", "--manifest", manifest)
    assert refused.code == 3
    assert len(desk.run("keys", "--json").json["keys"]) == 1
    assert desk.run("keys", "new", "echo", "--manifest", manifest, "--accept-permissions").code == 0


@pytest.mark.feature("C4", "K25")
def test_a_manifest_that_uses_another_plugin_asks_again(desk, manifest):
    desk.run("keys", "new", "echo", "--manifest", manifest, "--accept-permissions")
    newer = MANIFEST.replace("1.2.0", "1.3.0") + '[requires]\ngeo = "*?"\n' + SEND
    manifest.write_text(newer, encoding="utf-8")
    refused = desk.run("keys", "new", "echo", "--manifest", manifest)
    assert refused.code == 3
    assert "uses the plugin geo: its services and events (new)" in refused.out
    assert desk.run("keys", "new", "echo", "--manifest", manifest, "--accept-permissions").code == 0
    assert desk.run("keys", "new", "echo", "--manifest", manifest).code == 0, "it was agreed to"


def test_a_key_file_is_its_owners_alone_and_nothing_is_written_over(desk, tmp_path):
    file = tmp_path / "echo.key"
    made = desk.run("keys", "new", "echo", "--key-file", file, "--json").json
    assert (made["key"], made["key_file"]) == (None, str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text(encoding="ascii").startswith("jfk_")
    again = desk.run("keys", "new", "echo", "--key-file", file)
    assert (again.code, "is there already" in again.err) == (2, True)
    lost = desk.run("keys", "new", "echo", "--key-file", tmp_path / "nowhere" / "echo.key")
    assert (lost.code, "cannot be written" in lost.err) == (2, True)
    assert len(desk.run("keys", "--json").json["keys"]) == 1, "a key that nobody got is worth nothing"


def test_a_key_is_revoked_by_its_number_and_all_by_the_plugin(desk):
    numbers = [desk.run("keys", "new", "echo", "--json").json["number"] for _ in range(3)]
    gone = desk.run("keys", "revoke", numbers[0], "--json").json
    assert ([one["number"] for one in gone["revoked"]], gone["running"]) == ([numbers[0]], False)
    assert {one["number"] for one in desk.run("keys", "--json").json["keys"]} == set(numbers[1:])
    assert "echo" in desk.rows()
    assert desk.run("keys", "revoke", "echo").out == "2 keys of echo revoked.\n"
    assert desk.run("keys").out == NO_KEYS
    assert "echo" not in desk.rows()
    unknown = desk.run("keys", "revoke", "echo")
    assert (unknown.code, "there is no key echo" in unknown.err) == (1, True)


def test_what_is_wrong_is_said_and_nothing_is_changed(desk, tmp_path, manifest):
    for words, told in (
        (("weather",), "is installed"),
        (("No Id",), "No Id"),
        (("dice", "--manifest", manifest), "the manifest's id is echo"),
        (("echo", "--manifest", tmp_path / "none.toml"), "cannot be read"),
        (("echo", "--temporary"), "no application runs"),
    ):
        done = desk.run("keys", "new", *words)
        assert done.code in (1, 2), words
        assert told in done.err, done.err
    manifest.write_text("schema = [", encoding="utf-8")
    assert desk.run("keys", "new", "echo", "--manifest", manifest).code == 1
    assert desk.run("keys", "--json").json["keys"] == []


def test_a_plugin_whose_keys_were_all_revoked_is_asked_about_again_where_something_was_taken_back(desk, manifest):
    desk.run("keys", "new", "echo", "--manifest", manifest, "--accept-permissions")
    desk.run("keys", "revoke", "echo")
    assert desk.run("keys", "new", "echo", "--manifest", manifest).code == 0, "it was granted before, and nothing more"
    desk.run("permissions", "revoke", "echo", "messages:send")
    desk.run("keys", "revoke", "echo")
    assert desk.run("keys", "new", "echo", "--manifest", manifest).code == 3
    assert "echo" not in desk.rows()


def test_other_commands_say_what_an_external_plugin_is(desk):
    desk.run("keys", "new", "echo")
    gone = desk.run("remove", "echo")
    assert (gone.code, "keys revoke echo" in gone.err) == (1, True)
    assert "those hold that can be seen from here" in desk.run("limits", "echo").out
    assert desk.run("doctor").code == 0
    assert desk.run("update", "--check").code == 4
    assert "echo: external" in desk.run("isolation", "echo").out
    assert desk.run("disable", "echo").code == 0
    assert desk.rows()["echo"]["state"] == "disabled"
    assert desk.run("enable", "echo").code == 0
