"""Measures everything and prints one table: `python -m tests.benchmarks [--json FILE] [MODULE …]`.

Every module of this folder with a function `measure() -> Iterable[Row]` takes part, each in a fresh process of its own:
what one has loaded, and how it has left memory and event loops, would be in the figures of the next. A missed goal is
marked, and does not make the run fail: figures of a busy machine are for reading.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from tests.benchmarks.table import Row, table

FOLDER = Path(__file__).parent


def modules() -> list[str]:
    """The names of the modules that measure, in order."""
    names = (path.stem for path in FOLDER.glob("*.py"))
    return sorted(name for name in names if name not in {"__main__", "table"} and not name.startswith("test_"))


def measured(name: str) -> list[Row]:
    """Run one module in a fresh process and return its rows.

    Raises:
        subprocess.CalledProcessError: a measurement could not be made; the process has said why.
    """
    with tempfile.TemporaryDirectory(prefix="jackfield-bench-") as folder:
        rows = Path(folder, "rows.json")
        command = [sys.executable, "-m", "tests.benchmarks", "--here", "--json", str(rows), name]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return [Row(**row) for row in json.loads(rows.read_text(encoding="utf-8"))]


def main() -> int:
    """Run the modules that were named, or all of them; 0 unless a measurement could not be made."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"any of {', '.join(modules())}; all by default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as JSON too")
    parser.add_argument("--here", action="store_true", help="all in this process, as to look at one with a profiler")
    options = parser.parse_args()
    unknown = sorted(set(options.modules) - set(modules()))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; known are {', '.join(modules())}")
    rows: list[Row] = []
    failed = False
    for name in options.modules or modules():
        if options.here:
            rows += import_module(f"tests.benchmarks.{name}").measure()
            continue
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        try:
            rows += measured(name)
        except subprocess.CalledProcessError as error:
            print(f"{name} could not be measured: its process ended with {error.returncode}", file=sys.stderr)
            failed = True
    print(table(rows))
    if not options.here:
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        print(f"each module in a process of its own; load of the machine in the last 1, 5 and 15 minutes: {load}")
    if options.json:
        options.json.write_text(json.dumps([row.to_mapping() for row in rows], indent=2) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
