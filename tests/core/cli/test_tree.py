"""The whole command tree: JSON by its schema, mistakes as usage, examples in the help, no plugin code imported."""

import hashlib
import json
from functools import cache, reduce

import click
import httpx
import jsonschema
import pytest
from click.testing import CliRunner
from jackfield.cli import group_for
from jackfield.cli.schemas import schema_of
from jackfield.storage import Snapshots, State

from tests.core.cli.conftest import Desk
from tests.core.cli.reference import WIDTH, commands, root

COMMANDS = {context.command_path.removeprefix("jackfield "): command for command, context in commands(*root())}
LEAVES = [name for name, command in COMMANDS.items() if not isinstance(command, click.Group)]

# For each command: arguments with which it does its work at the desk where poll 1.3.1 is.
GOOD = {
    "search": ["poll"],
    "info": ["poll"],
    "install": ["dice", "--yes", "--accept-permissions"],
    "remove": ["poll"],
    "update": ["--accept-permissions"],
    "rollback": [],
    "export": [],
    "history": [],
    "diff": [],
    "check-upgrade": ["chat==1.1"],
    "lock": ["--output", "-"],
    "sync": ["--dry-run"],
    "bundle": ["{folder}/poll.bundle"],
    "list": [],
    "pin": [],
    "allow-revoked": [],
    "policy": [],
    "snapshots list": [],
    "snapshots restore": ["poll", "1"],
    "snapshots discard": ["poll", "1"],
    "enable": ["weather", "--accept-permissions"],
    "disable": ["poll"],
    "stats": [],
    "logs": ["poll"],
    "permissions show": [],
    "permissions grant": ["poll", "messages:send"],
    "permissions revoke": ["poll", "--all"],
    "trust list": [],
    "trust demand": ["marketplace", "--of", "{market}"],
    "trust forget": ["{market}", "--yes"],
    "trust pin": ["{market}#root={root}"],
    "keys new": ["echo"],
    "keys list": [],
    "data show": [],
    "data export": ["poll", "{folder}/poll.zip"],
    "data quota": ["poll", "200MiB"],
    "data discard": ["poll"],
    "data keep": ["poll"],
    "settings show": ["weather"],
    "settings set": ["weather", "days", "4"],
    "settings unset": ["weather", "place"],
    "settings edit": ["weather"],
    "limits": ["weather", "memory=80MiB"],
    "debug translations": ["poll"],
    "isolation": ["poll"],
    "safe-mode": [],
    "doctor": [],
    "bisect": ["--command", "exit 0"],
    "store verify": [],
    "store gc": [],
    "completion": ["zsh"],
}
# test_watching has the application that is asked, test_keys a key, test_publish a marketplace with a token
RUNNING = {"debug threads", "keys revoke", "publish"}
MORE = [
    ("logs", ["poll", "--level", "debug"]),
    ("logs", ["poll", "--least", "error", "-n", "3"]),
    ("stats", ["--top", "2"]),
    ("data show", ["poll"]),
    ("data quota", ["poll", "default"]),
    ("remove", ["poll", "--purge", "--yes"]),
    ("settings show", ["poll"]),
    ("settings set", ["weather", "token", "abc"]),
    ("limits", ["weather"]),
    ("limits", ["weather", "--reset"]),
    ("isolation", ["poll", "inline", "--dry-run"]),
    ("pin", ["poll", "^1.0"]),
    ("trust demand", ["publisher"]),
    ("policy", ["poll", "auto", "--delay", "3d", "--pre"]),
    ("policy", ["poll", "--never", "2.0.0"]),
    ("policy", ["poll", "--later", "2.0.0"]),
    ("policy", ["poll", "--again"]),
    ("policy", ["poll", "--reset"]),
    ("policy", ["--default", "pin", "--tell"]),
    ("export", ["--format", "requirements"]),
    ("export", ["--format", "pylock"]),
    ("pin", ["poll", "--release"]),
    ("safe-mode", ["--leave"]),
    ("doctor", ["--sandbox"]),
    ("bisect", ["--restore"]),
    ("store verify", ["--repair"]),
    ("store gc", ["--keep", "0", "--dry-run"]),
    ("install", ["dice", "--dry-run"]),
    ("check-upgrade", ["--python", "3.13"]),
    ("update", ["--check"]),
    ("update", ["--check", "--pre"]),
    ("info", ["weather"]),
    ("info", ["dice"]),
    ("search", ["nothing-like-it"]),
    ("permissions show", ["legacy-x"]),
]

# And what goes wrong, with its exit code.
BAD = [
    ("search", ["x", "--limit", "many"], 2),
    ("info", [], 2),
    ("info", ["nope"], 1),
    ("info", ["No Id!"], 1),
    ("install", [], 2),
    ("install", ["nope", "--yes"], 1),
    ("install", ["poll=="], 2),
    ("install", ["./not-there.whl"], 2),
    ("install", ["dice"], 3),
    ("install", ["weather", "--yes"], 1),
    ("remove", [], 2),
    ("remove", ["nope"], 1),
    ("remove", ["weather"], 1),
    ("update", ["nope"], 1),
    ("update", ["weather"], 1),
    ("update", ["--yes"], 3),
    ("trust demand", ["everything"], 2),
    ("trust forget", ["https://nowhere.example", "--yes"], 2),
    ("trust pin", ["https://nowhere.example"], 2),
    ("check-upgrade", [], 2),
    ("check-upgrade", ["chat"], 2),
    ("check-upgrade", ["chat==x"], 2),
    ("check-upgrade", ["nope==1.0"], 2),
    ("check-upgrade", ["--python", "2.7"], 2),
    ("rollback", ["--to", "77"], 2),
    ("rollback", ["--to", "x"], 2),
    ("history", ["--limit", "0"], 2),
    ("store gc", ["--keep", "-1"], 2),
    ("list", ["extra"], 2),
    ("lock", ["--target", "vax", "--output", "-"], 2),
    ("lock", ["--output", "/nowhere/at/all/x.lock"], 1),
    ("sync", ["/nowhere/at/all"], 2),
    ("bundle", ["/nowhere/at/all/x.bundle"], 1),
    ("diff", ["77"], 1),
    ("pin", ["nope"], 1),
    ("policy", ["nope", "auto"], 1),
    ("policy", ["poll", "sometimes"], 2),
    ("policy", ["poll", "--delay", "soon"], 2),
    ("policy", ["poll", "--delay", "999w"], 2),
    ("policy", ["poll", "--never", "much"], 2),
    ("policy", ["poll", "--default", "auto"], 2),
    ("policy", ["--never", "2.0.0"], 2),
    ("pin", ["poll", "much"], 1),
    ("pin", ["nope", "--release"], 2),
    ("pin", ["--release"], 2),
    ("allow-revoked", ["poll"], 2),
    ("allow-revoked", ["poll", "--end"], 2),
    ("allow-revoked", ["--end"], 2),
    ("isolation", ["nope"], 1),
    ("isolation", ["poll", "elsewhere"], 2),
    ("enable", [], 2),
    ("enable", ["nope"], 1),
    ("enable", ["weather"], 3),
    ("enable", ["legacy-x", "--yes"], 3),
    ("disable", ["nope"], 1),
    ("stats", ["nope"], 1),
    ("stats", ["--top", "0"], 2),
    ("logs", ["nope"], 1),
    ("logs", ["poll", "--follow"], 1),
    ("logs", ["poll", "--level", "loud"], 2),
    ("debug threads", [], 1),
    ("permissions show", ["nope"], 1),
    ("permissions grant", ["poll"], 2),
    ("permissions grant", ["poll", "messages"], 2),
    ("permissions grant", ["poll", "files:write"], 3),
    ("permissions revoke", ["poll", "files:write"], 3),
    ("permissions revoke", ["poll", "messages:send", "--all"], 2),
    ("keys new", [], 2),
    ("keys new", ["weather"], 2),
    ("keys new", ["echo", "--temporary"], 1),
    ("keys revoke", ["nope"], 1),
    ("data show", ["nope"], 1),
    ("data export", ["poll"], 2),
    ("data export", ["nope", "x.zip"], 1),
    ("data export", ["poll", "/nowhere/at/all/x.zip"], 1),
    ("data quota", ["poll", "much"], 2),
    ("data discard", ["nope"], 1),
    ("snapshots restore", ["poll", "7"], 2),
    ("snapshots discard", ["poll", "x"], 2),
    ("remove", ["nope", "--purge"], 1),
    ("settings show", ["nope"], 1),
    ("settings set", ["weather"], 2),
    ("settings set", ["weather", "days", "11"], 2),
    ("settings set", ["weather", "color", "red"], 2),
    ("settings set", ["weather", "days"], 2),
    ("settings unset", ["weather"], 2),
    ("settings unset", ["weather", "place", "color"], 2),
    ("settings edit", ["poll"], 2),
    ("limits", ["nope"], 1),
    ("limits", ["weather", "memory"], 2),
    ("limits", ["weather", "memory=much"], 2),
    ("completion", ["tcsh"], 2),
]


@pytest.fixture
def polling(polling: Desk) -> Desk:
    """And a copy of what poll kept."""
    (pointer,) = polling.home.glob("*/*/current")
    root = pointer.parent
    (root / "data" / "poll").mkdir(parents=True, exist_ok=True)
    copies = Snapshots(root, State(root / "state"))
    for _step in copies.take("poll", 1, why="before poll 2.0.0 changed its shape", by="test"):
        pass
    copies.keep("poll", 1, why="nothing changed", by="test")
    return polling


def label(value):
    return " ".join(value) if isinstance(value, list) else str(value)


def placed(words, desk: Desk):
    """The arguments, with a folder of the test's own, the marketplace and its root in place of their names."""
    known = {"{folder}": str(desk.home.parent), "{market}": desk.market}
    if any("{root}" in word for word in words):
        known["{root}"] = hashlib.sha256(httpx.get(f"{desk.market}/tuf/1.root.json").content).hexdigest()
    return [reduce(lambda word, name: word.replace(name, known[name]), known, word) for word in words]


def answer_of(desk: Desk, name, words):
    ran = desk.run(*name.split(), *placed(words, desk), "--json")
    jsonschema.validate(ran.json, schema_of(name))
    return ran


def test_every_command_is_walked():
    assert sorted({*GOOD, *RUNNING}) == sorted(LEAVES)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), [*GOOD.items(), *MORE], ids=label)
def test_json_answers_follow_their_schema(polling: Desk, name, words):
    ran = answer_of(polling, name, words)
    assert ran.code == 0, ran.err
    assert "error" not in ran.json


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), [*GOOD.items(), *MORE], ids=label)
def test_the_same_is_said_in_words(polling: Desk, name, words):
    ran = polling.run(*name.split(), *placed(words, polling))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.strip()
    assert "\x1b" not in ran.out  # no colour and no progress off a terminal


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words", "code"), BAD, ids=label)
def test_mistakes_are_a_line_an_exit_code_and_an_error_object(polling: Desk, name, words, code):
    before = polling.files()
    ran = answer_of(polling, name, words)
    assert ran.code == code
    assert ran.json["error"]["exit_code"] == code
    assert ran.err.startswith("error: ")
    assert polling.files() == before


@pytest.mark.parametrize("name", LEAVES)
def test_an_unknown_option_is_a_mistake_of_usage(name):
    result = CliRunner().invoke(root()[0], [*name.split(), "--frob", "--json"])
    assert result.exit_code == 2
    answer = json.loads(result.stdout)
    jsonschema.validate(answer, schema_of(name))
    assert "--frob" in answer["error"]["message"]


@cache
def helps() -> dict[str, str]:
    """What `--help` says, by the path of the command."""
    return {context.command_path: context.get_help() for context in (root()[1], *(one for _, one in commands(*root())))}


@pytest.mark.parametrize("name", [*COMMANDS, ""])
def test_the_help_has_an_example(name):
    path = f"jackfield {name}".strip()
    examples = helps()[path].partition("Examples:\n")[2]
    assert examples.strip().startswith(path)


@pytest.mark.parametrize("name", [*COMMANDS, ""])
def test_what_an_example_does_fits_beside_or_below_it(name):
    path = f"jackfield {name}".strip()
    for line in helps()[path].partition("Examples:\n")[2].splitlines():
        assert len(line) <= WIDTH or " # " not in line, line


@pytest.mark.parametrize("name", LEAVES)
def test_the_schema_can_be_printed(name):
    result = CliRunner().invoke(root()[0], [*name.split(), "--json-schema"])
    schema = json.loads(result.output)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema == schema_of(name)


def test_an_application_embeds_the_same_commands():
    group = group_for("chat")
    assert list(group.list_commands(click.Context(group))) == list(root()[0].list_commands(root()[1]))
    assert [option.name for option in group.params] == ["profile", "marketplace"]
