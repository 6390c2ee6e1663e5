"""The group: loads what is called, tells every error in one place."""

import json
import os
import socket
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner
from jackfield.cli.lazy import Lazy, LazyGroup
from jackfield.errors import ConsentRequired, MarketUnreachable, UnknownPlugin


def group_that(body):
    """A group whose command `run` calls `body`."""
    group = LazyGroup(name="tool", lazy={})
    command = click.Command("run", callback=lambda as_json: body())
    command.params.append(click.Option(["--json", "as_json"], is_flag=True))
    group.add_command(command)
    return group


def fails(error):
    def body():
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnknownPlugin("no plugin is called pol", plugin="pol", hint="jackfield search pol"), 1),
        (ConsentRequired("poll asks for more"), 3),
        (MarketUnreachable("https://m.example did not answer"), 5),
        (PermissionError(13, "Permission denied", "/data"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_is_a_line_and_an_exit_code(error, code):
    result = CliRunner().invoke(group_that(fails(error)), ["run"])
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("stopped:" if code == 130 else "error:")
    assert "Traceback" not in result.stderr


def test_the_hint_stands_on_a_line_of_its_own():
    error = UnknownPlugin("no plugin is called pol", hint="jackfield search pol")
    result = CliRunner().invoke(group_that(fails(error)), ["run"])
    assert result.stderr.splitlines() == ["error: no plugin is called pol", "hint: jackfield search pol"]


def test_with_json_the_error_is_an_object_on_stdout_too():
    error = UnknownPlugin("no plugin is called pol", plugin="pol", hint="jackfield search pol")
    result = CliRunner().invoke(group_that(fails(error)), ["run", "--json"])
    assert json.loads(result.stdout) == {
        "error": {
            "kind": "UnknownPlugin",
            "message": "no plugin is called pol",
            "exit_code": 1,
            "plugin": "pol",
            "hint": "jackfield search pol",
        }
    }
    assert result.stderr.startswith("error: no plugin is called pol")


def test_ctrl_c_says_that_everything_is_as_it_was():
    result = CliRunner().invoke(group_that(fails(KeyboardInterrupt())), ["run"])
    assert result.stderr == "stopped: everything is as it was\n"


def test_ctrl_c_while_a_class_is_made_is_no_bug():
    """Python before 3.12 has a RuntimeError come of it, as where a command loads what it needs."""
    error = RuntimeError("Error calling __set_name__ on 'Field' instance 'plan' in 'Plan'")
    error.__cause__ = KeyboardInterrupt()
    result = CliRunner().invoke(group_that(fails(error)), ["run"])
    assert (result.exit_code, result.stderr) == (130, "stopped: everything is as it was\n")


@pytest.mark.parametrize("loaded", ["click", "jackfield.cli.session", "jackfield.management.plan"])
def test_ctrl_c_while_modules_load_is_told_as_at_any_other_time(tmp_path, loaded):
    script = (
        "import os, signal, sys\n"
        "class Presses:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {loaded!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Presses())\n"
        "from jackfield.cli import main\n"
        "main(['--app', 'chat', 'history', '--json'])\n"
    )
    environ = {**os.environ, "JACKFIELD_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environ)
    assert (done.returncode, done.stderr) == (130, "stopped: everything is as it was\n")
    assert json.loads(done.stdout)["error"]["kind"] == "Stopped"


@pytest.mark.parametrize("words", [["rnu"], ["--frob"], ["run", "--frob"], ["run", "extra"]])
def test_mistakes_in_the_call_are_usage(words):
    result = CliRunner().invoke(group_that(lambda: None), [*words, "--json"])
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["kind"] == "UsageError"


def test_json_after_a_double_dash_is_a_word_like_others():
    result = CliRunner().invoke(group_that(lambda: None), ["run", "--", "--json"])
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_nearest_command_is_shown():
    group = LazyGroup(name="tool", lazy={"install": Lazy("nowhere:nothing", "Install.")})
    result = CliRunner().invoke(group, ["instal"])
    assert "no command called 'instal'; did you mean install?" in result.stderr


def test_the_default_subcommand_may_be_left_out():
    group = LazyGroup(name="tool", lazy={"show": Lazy(f"{__name__}:shown", "Show.")}, default="show")
    sys.modules.setdefault(__name__, sys.modules[test_the_nearest_command_is_shown.__module__])
    assert CliRunner().invoke(group, ["poll"]).stdout == "poll\n"
    assert CliRunner().invoke(group, ["show", "poll"]).stdout == "poll\n"


@click.command()
@click.argument("name")
def shown(name):
    click.echo(name)


def test_the_help_of_the_root_loads_no_command_and_no_network():
    script = (
        "import sys\nfrom jackfield.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'httpx', 'rich', 'asyncio', 'tuf', 'pydantic', 'msgspec', 'json'} & set(sys.modules)\n"
        "loaded = [name for name in sys.modules if name.startswith('jackfield.cli.commands.')]\n"
        "print(sorted(heavy), loaded, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "[] []\n"


def test_a_command_that_asks_a_marketplace_loads_nothing_that_colours(tmp_path):
    """httpx brings a command of its own, which takes as long to load as httpx does."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        script = (
            "import sys\nfrom jackfield.cli import main\n"
            f"try:\n    main(['--app', 'chat', '--marketplace', '{url}', 'search', 'poll'])\n"
            "except SystemExit as end:\n    code = end.code\n"
            "print(code, sorted({'httpx', 'rich', 'pygments'} & set(sys.modules)), file=sys.stderr)\n"
        )
        environ = {**os.environ, "JACKFIELD_HOME": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environ)
    assert done.stderr.splitlines()[-1] == "5 ['httpx']"


@pytest.mark.slow
def test_a_first_installation_verifies_without_a_second_way_to_the_network_and_ends_at_once(market, tmp_path):
    """python-tuf brings one of its own; and what a command holds at its end is not looked through for garbage."""
    script = (
        "import atexit, gc, sys\n"
        "def told():\n"
        "    loaded = sorted({'httpx', 'tuf', 'urllib3'} & set(sys.modules))\n"
        "    print(loaded, len(gc.get_objects()) < 1000 < gc.get_freeze_count(), file=sys.stderr)\n"
        "atexit.register(told)\n"
        "from jackfield.cli import main\n"
        f"main(['--app', 'chat', '--marketplace', '{market}', 'install', '--dry-run', 'dice'])\n"
    )
    environ = {**os.environ, "JACKFIELD_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environ)
    assert "is known by its root from now on" in done.stdout, done.stderr
    assert done.stderr.splitlines()[-1] == "['httpx', 'tuf'] True"


@pytest.mark.slow
@pytest.mark.parametrize("words", [["search", "dice"], ["info", "dice"], ["install", "--dry-run", "dice"]])
def test_what_only_asks_a_marketplace_loads_nothing_that_reads_wheels_or_starts_workers(market, tmp_path, words):
    script = (
        "import atexit, sys\n"
        "heavy = ['jackfield.inspection.wheel', 'jackfield.isolation.spec', 'jackfield.sandbox.confining', 'tarfile',\n"
        "         'importlib_metadata._adapters']\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules], file=sys.stderr))\n"
        "from jackfield.cli import main\n"
        f"main(['--app', 'chat', '--marketplace', '{market}', *{words!r}])\n"
    )
    environ = {**os.environ, "JACKFIELD_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environ)
    assert "dice" in done.stdout
    assert done.stderr.splitlines()[-1] == "[]"
