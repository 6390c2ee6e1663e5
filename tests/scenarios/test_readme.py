"""The README's plugin: at most 30 lines, and it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.demo.wheels import build_wheels
from tests.scenarios.pages import ROOT, Block, blocks
from tests.support.contrib import install, started


@pytest.fixture(scope="module")
def plugin() -> list[Block]:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(r"<!-- plugin -->(.*?)<!-- /plugin -->", page, re.DOTALL)
    assert match is not None
    return blocks(match[1])


def test_it_has_three_files_and_at_most_thirty_lines(plugin: list[Block]) -> None:
    assert [block.file for block in plugin] == ["pyproject.toml", "chat_shout/plugin.toml", "chat_shout/__init__.py"]
    assert sum(len(block.text.strip().splitlines()) for block in plugin) <= 30


@pytest.mark.slow
async def test_it_runs_as_the_readme_says(plugin: list[Block], tmp_path: Path) -> None:
    source = tmp_path / "shout"
    for block in plugin:
        path = source / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    (built,) = build_wheels(tmp_path / "wheels", [source])
    async with started(install(tmp_path, built.path)) as running:
        assert await running.command("shout good morning") == ["GOOD MORNING"]


def test_the_two_commands_are_there() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("run", "test"):
        assert f"\nmake {target} " in page
        assert f"\n{target}: " in makefile


def test_contributing_stays_under_a_hundred_lines() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) < 100


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    """The decisions and the fragments are folders of their own; everything else has its line."""
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = (page.relative_to(ROOT / "docs") for page in (ROOT / "docs").rglob("*.md"))
    missing = [str(page) for page in pages if page.parts[0] not in {"adr", "changes"} and f"]({page})" not in index]
    assert [name for name in missing if name != "README.md"] == []
