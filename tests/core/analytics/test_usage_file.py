"""What was counted in earlier runs is added up, and nothing else is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jackfield.analytics import Analytics, UsageFile
from jackfield.errors import StoreError
from jackfield.hooks import HookCounters


def run(*uses: str) -> Analytics:
    usage = Analytics(HookCounters())
    for use in uses:
        usage.begin("weather", use).took(1_000_000, time.perf_counter_ns())
    return usage


def test_runs_are_added_up(tmp_path):
    file = UsageFile(tmp_path / "profile" / "usage.json")
    assert file.read() == []
    file.merge(run("command weather", "command rain").uses())
    file.merge(run("command weather").uses())

    (stats,) = file.read()
    assert stats.actions == {"command weather": 2, "command rain": 1}


def test_a_run_without_plugins_writes_nothing(tmp_path):
    UsageFile(tmp_path / "usage.json").merge([])
    assert list(tmp_path.iterdir()) == []


ENDLESS = (
    '{"plugins": [{"plugin": "x", "blocked": 0, "storage_bytes": 0, "uses": [{"use": "h", "kind": "hook", "errors": 0,'
    '"calls": 1e999, "seconds": 0, "worst_seconds": 0, "last_used": null, "durations": {}}]}]}'
)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"plugins": 3}', '{"plugins": [{"plugin": "x", "uses": [{}]}]}', "\0", ENDLESS, "[" * 100_000],
    ids=["empty", "list", "number", "lacking", "nul", "endless", "deep"],
)
def test_a_damaged_file_is_begun_anew(tmp_path, text):
    path = tmp_path / "usage.json"
    path.write_text(text)
    assert UsageFile(path).read() == []
    UsageFile(path).merge(run("command weather").uses())
    assert UsageFile(path).read()[0].invocations == 1


def test_processes_that_end_together_lose_nothing(tmp_path):
    path = tmp_path / "usage.json"
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from jackfield.analytics import Analytics, UsageFile\nfrom jackfield.hooks import HookCounters\n"
        "usage = Analytics(HookCounters())\nusage.begin('weather', 'command x')\n"
        "for _ in range(20): UsageFile(Path(sys.argv[1])).merge(usage.uses())\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(3)]
    assert [one.wait() for one in running] == [0, 0, 0]
    assert UsageFile(path).read()[0].invocations == 60


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        UsageFile(tmp_path / "file" / "usage.json").merge(run("command weather").uses())


@pytest.mark.feature("U21")
def test_it_holds_numbers_and_names_of_uses_alone(tmp_path: Path):
    path = tmp_path / "usage.json"
    UsageFile(path).merge(run("command weather").uses())
    (plugin,) = json.loads(path.read_text())["plugins"]
    assert {name for name, value in plugin.items() if isinstance(value, str)} == {"plugin", "last_used"}
    (use,) = plugin["uses"]
    assert {name for name, value in use.items() if isinstance(value, str)} == {"use", "kind", "last_used"}
