"""Builds the contrib plugins into wheels: `python -m tests.demo.wheels --out DIR`.

Equal sources make equal bytes, so that a marketplace that holds a wheel takes it again as the same one. A plugin that
was edited and kept its version is named in one line and its first wheel stays: no marketplace would take the second.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[2]
CONTRIB = ROOT / "plugins-contrib"
POLL_TWO = Path(__file__).parent / "poll_two"
STAMP = ".sources.json"
BUILD_TIME = "1704067200"  # 2024-01-01, the same in every wheel (reproducible-builds.org: SOURCE_DATE_EPOCH)


@dataclass(frozen=True, slots=True)
class Built:
    """One wheel and how it came to be there.

    Args:
        path: the wheel.
        source: the folder with the plugin's pyproject.toml.
        name: the distribution's name.
        version: its version.
        state: "built" now, "kept" from before, or "edited" since and therefore not built again.
    """

    path: Path
    source: Path
    name: str
    version: str
    state: Literal["built", "kept", "edited"]


def sources(folder: Path = CONTRIB) -> list[Path]:
    """The folders of the plugins in `folder`, by name."""
    return sorted(path.parent for path in folder.glob("*/pyproject.toml"))


def version_of(plugin: str) -> str:
    """The version of a contrib plugin, as its project says."""
    project = tomllib.loads((CONTRIB / plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def build_wheels(out: Path, plugins: Sequence[Path] | None = None) -> list[Built]:
    """Build what changed of `plugins` (all contrib plugins by default) into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    stamp = out / STAMP
    known = json.loads(stamp.read_text(encoding="utf-8")) if stamp.exists() else {}
    results = [_build_one(source, out, known) for source in (sources() if plugins is None else plugins)]
    replacement = stamp.with_suffix(".new")
    replacement.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    replacement.replace(stamp)
    return results


def poll_two_source(folder: Path) -> Path:
    """Make the source tree of poll 2.0.0 in `folder`: the first version's with the files of `poll_two` laid over it."""
    tree = folder / "poll"
    shutil.copytree(CONTRIB / "poll", tree, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    shutil.copytree(POLL_TWO, tree, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


def poll_three_source(folder: Path) -> Path:
    """Make the source tree of poll 3.0.0 in `folder`: the first version, and a mistake that its author overlooked."""
    tree = folder / "poll-3"
    shutil.copytree(CONTRIB / "poll", tree, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    project, code = tree / "pyproject.toml", tree / "chat_poll" / "__init__.py"
    project.write_text(project.read_text().replace(f'version = "{version_of("poll")}"', 'version = "3.0.0"'))
    begin = "    async def on_enable(self) -> None:\n"
    whole = code.read_text()
    assert begin in whole, "the poll begins otherwise by now"
    code.write_text(whole.replace(begin, f'{begin}        raise KeyError("votes")  # what the author overlooked\n'))
    return tree


def _build_one(source: Path, out: Path, known: dict[str, str]) -> Built:
    try:
        project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        name, version = str(project["name"]), str(project["version"])
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise SystemExit(f"{source / 'pyproject.toml'} cannot be read: {error}") from error
    target = out / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    digest = _digest(source)
    state: Literal["built", "kept", "edited"] = "kept"
    if not target.exists():
        _build(source, target)
        known[target.name], state = digest, "built"
    elif known.get(target.name) != digest:
        state = "edited"
    return Built(target, source, name, version, state)


def _digest(source: Path) -> str:
    """The SHA-256 over names and contents of everything that can come into the wheel."""
    total = hashlib.sha256()
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        name = path.relative_to(source).as_posix()
        if name.startswith("tests/") or "__pycache__" in name:
            continue
        total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _build(source: Path, target: Path) -> None:
    """Build with hatchling in this process: no isolation, nothing fetched, and half a second less for each wheel."""
    from hatchling.builders.wheel import WheelBuilder

    with _fixed_time(), tempfile.TemporaryDirectory(dir=target.parent) as folder:
        (made,) = WheelBuilder(str(source)).build(directory=folder, versions=["standard"])
        if Path(made).name != target.name:
            raise SystemExit(f"{source} builds {Path(made).name}, expected {target.name}")
        Path(made).replace(target)


@contextmanager
def _fixed_time() -> Iterator[None]:
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = BUILD_TIME
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before


def sentence(built: Built) -> str:
    """What to say of a wheel; empty when there is nothing to say."""
    if built.state == "edited":
        where = built.source / "pyproject.toml"
        shown = where.relative_to(ROOT) if where.is_relative_to(ROOT) else where
        return (
            f"{built.name} was edited and is still {built.version}: the first wheel is used; raise version in {shown}"
        )
    return f"built {built.name} {built.version}" if built.state == "built" else ""


def main() -> int:
    """Build, and say in a line each what was built or was edited under an old version."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo.wheels", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the wheels go")
    options = parser.parse_args()
    for line in filter(None, map(sentence, build_wheels(options.out))):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
