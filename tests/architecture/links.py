"""Checks that every relative link of the documentation leads somewhere: `python -m tests.architecture.links`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]^]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def anchor(heading: str) -> str:
    """The fragment under which a heading is reached, as code forges make it."""
    text = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")


def pages(root: Path = ROOT) -> list[Path]:
    """Every Markdown page that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [root / line for line in listed if (root / line).exists()]


def broken_links(page: Path) -> list[str]:
    """A sentence for each relative link of `page` that leads nowhere."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found = []
    for target in LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            found.append(f"{page.relative_to(ROOT)}: {target} does not exist")
        elif fragment and file.suffix == ".md":
            anchors = {anchor(heading) for heading in HEADING.findall(FENCE.sub("", file.read_text(encoding="utf-8")))}
            if fragment not in anchors:
                found.append(f"{page.relative_to(ROOT)}: {target} has no such heading")
    return found


def main() -> int:
    """Print every broken link; 1 if there is one."""
    checked = pages()
    found = [line for page in checked for line in broken_links(page)]
    for line in found:
        print(line)
    print(f"{len(checked)} pages, {len(found)} broken links")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
