"""Measures everything and prints one table: `python -m tests.benchmarks [--json FILE] [MODULE …]`.

Every module of this folder with a function `measure() -> Iterable[Row]` takes part. A missed goal is marked, and does
not make the run fail: figures of a busy machine are for reading.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from tests.benchmarks.table import Row, table

FOLDER = Path(__file__).parent


def modules() -> list[str]:
    """The names of the modules that measure, in order."""
    names = (path.stem for path in FOLDER.glob("*.py"))
    return sorted(name for name in names if name not in {"__main__", "table"} and not name.startswith("test_"))


def main() -> int:
    """Run the modules that were named, or all of them; 0 unless a measurement could not be made."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"any of {', '.join(modules())}; all by default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as JSON too")
    options = parser.parse_args()
    unknown = sorted(set(options.modules) - set(modules()))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; known are {', '.join(modules())}")
    rows: list[Row] = []
    for name in options.modules or modules():
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        rows += import_module(f"tests.benchmarks.{name}").measure()
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps([row.to_mapping() for row in rows], indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
