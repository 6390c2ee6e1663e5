"""The house itself: the map is complete, imports are light, the lock is fresh, links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.links import broken_links, pages

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "jackfield": ROOT / "core/framework/jackfield",
    "jackfield_chat_api": ROOT / "core/chat-api/jackfield_chat_api",
    "jackfield_chat": ROOT / "core/chat/jackfield_chat",
    "jackfield_marketplace": ROOT / "marketplace/jackfield_marketplace",
}
TOP_LEVEL = {"pyproject.toml", "core", "plugins-contrib", "marketplace", "tests", "docs"}


def rooms() -> list[str]:
    names = []
    for package, folder in PACKAGES.items():
        names.append(package)
        names += [f"{package}.{path.parent.name}" for path in sorted(folder.glob("*/__init__.py"))]
    return [*names, *(f"jackfield.{path.stem}" for path in PACKAGES["jackfield"].glob("[a-z]*.py"))]


def test_required_top_level_is_there() -> None:
    assert {path.name for path in ROOT.iterdir()} >= TOP_LEVEL


@pytest.mark.parametrize("room", rooms())
def test_every_package_is_on_the_architecture_map(room: str) -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert f"`{room}`" in text


def test_every_package_on_the_map_exists() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(jackfield[\w.]*)`", text, re.MULTILINE))
    assert named - set(rooms()) == set()


def test_what_the_map_says_to_open_is_there() -> None:
    table = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition("## To change X")[2]
    roots = ["", "core/framework", "core/chat", "marketplace"]
    named = re.findall(r"`((?:core|jackfield\w*|tests)/[\w/.-]+)`", table)
    assert len(named) > 10
    assert [name for name in named if not any((ROOT / root / name).exists() for root in roots)] == []


@pytest.mark.parametrize("module", ["jackfield", "jackfield.manifest", "jackfield.worker", "jackfield.api"])
def test_a_light_import_loads_no_network_or_terminal_library(module: str) -> None:
    code = (
        f"import sys, {module}; print([n for n in ('httpx', 'tuf', 'click', 'rich', 'sqlalchemy') if n in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_every_public_name_of_the_root_is_there() -> None:
    code = "import jackfield; print([name for name in jackfield.__all__ if not hasattr(jackfield, name)])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_the_root_knows_no_other_name() -> None:
    import jackfield

    with pytest.raises(AttributeError, match="no attribute 'helpers'"):
        _ = jackfield.helpers


def test_no_package_is_named_for_nothing() -> None:
    empty = {"utils", "util", "helpers", "common", "misc", "base", "shared"}
    files = [path for folder in PACKAGES.values() for path in folder.rglob("*.py")]
    assert [path for path in files if path.stem in empty or path.parent.name in empty] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_the_documentation_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_decisions_are_numbered_without_gaps_and_each_page_says_its_own() -> None:
    numbered = {page.name: int(page.name[:4]) for page in (ROOT / "docs/adr").glob("*.md")}
    assert sorted(numbered.values()) == list(range(1, len(numbered) + 1)), sorted(numbered)
    for page, number in numbered.items():
        assert (ROOT / "docs/adr" / page).read_text(encoding="utf-8").startswith(f"# {number}. "), page


def test_committed_files_name_no_registry_host_and_no_machine_path() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    words = re.compile(r"files\.pythonhosted\.org|://pypi\.org|/root/\.|/opt/pypi|registry\.npmjs" + "|/wo" + "rk/")
    own = Path(__file__).relative_to(ROOT).as_posix()
    found = []
    for name in listed:
        path = ROOT / name
        if name == own or not path.is_file() or path.suffix in {".png", ".ico", ".whl"}:
            continue
        found += [f"{name}: {hit}" for hit in words.findall(path.read_text(encoding="utf-8", errors="replace"))]
    assert found == []


def test_contrib_plugins_are_not_in_the_development_environment() -> None:
    from importlib.metadata import distributions

    names = {dist.metadata["Name"] for dist in distributions()}
    contrib = {tomllib.loads(p.read_text())["project"]["name"] for p in ROOT.glob("plugins-contrib/*/pyproject.toml")}
    assert names & contrib == set()


@pytest.mark.slow
def test_the_lock_is_fresh(tmp_path: Path) -> None:
    """Compile onto a copy: without --upgrade, uv changes the file only where a pyproject asks for something else."""
    copy = tmp_path / "requirements.lock"
    shutil.copy(ROOT / "requirements.lock", copy)
    line = subprocess.run(
        ["make", "--dry-run", "--always-make", "--no-print-directory", "lock"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.replace("\\\n", " ").strip().splitlines()[-1]  # fmt: skip
    command = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line.replace("--upgrade", ""))]
    command[-1] = str(copy)
    assert command[0].endswith("uv")
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "UV_NO_PROGRESS": "1"}, timeout=110)
    assert copy.read_text() == (ROOT / "requirements.lock").read_text()


def test_every_exception_to_a_rule_says_why() -> None:
    """What CONTRIBUTING asks of a `noqa` and a `type: ignore`; the linters only see to the code."""
    bare = re.compile(r"# (noqa|type: ignore)(:? ?[A-Z][A-Z0-9, ]*|\[[\w, -]+\])?\s*$", re.MULTILINE)
    folders = [ROOT / name for name in ("core", "marketplace", "plugins-contrib", "tests")]
    sources = {path: path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")}
    assert any("# noqa: " in text for text in sources.values())
    assert [str(path.relative_to(ROOT)) for path, text in sources.items() if bare.search(text)] == []
