"""What the host's environment has in another version since is seen, and whose requirements it breaks is named."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from jackfield.manifest import File, Pin
from jackfield.store import Generation, unmet

pytestmark = pytest.mark.feature("C45", "K36")

PLUGGY = version("pluggy")
NO_SENSE = (
    'pluggy; os_name ~= "x"',
    'pluggy; "a" in "b"',
    f"pluggy>={'9' * 5000}",
    'pluggy; python_version>"' + "9" * 5000 + '"',
)


@pytest.fixture
def generation(tmp_path: Path) -> Generation:
    def pin(name: str, *lines: str, plugin: str | None = None, requires: tuple[str, ...] = ()) -> Pin:
        info = tmp_path / name / "tree" / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + "".join(
            f"Requires-Dist: {one}\n" for one in lines
        )
        (info / "METADATA").write_text(f"{text}\nRequires-Dist: pluggy<0 # of the description\n")
        return Pin(name, "1.0", File(f"{name}-1.0-py3-none-any.whl", "", name), plugin, "file", requires)

    inline = (
        pin("chat-bad", "pluggy<1", plugin="bad"),
        pin("chat-fine", "pluggy>=1", 'pluggy<1; python_version < "3"', "not a line {", *NO_SENSE, plugin="fine"),
        pin("chat-through", plugin="through", requires=("middle",)),
        pin("middle", "Pluggy<1"),
        pin("chat-gone", "nothing-like-it", plugin="gone"),
    )
    workers = {
        "own": (pin("chat-own", "pluggy<1", plugin="own"), pin("pluggy")),
        "worker": (pin("chat-worker", plugin="worker"), pin("deep", "pluggy==0.9")),
    }
    pins = (*inline, *(one for own in workers.values() for one in own))
    entries = {one.file.sha256: tmp_path / one.distribution / "tree" for one in pins}
    return Generation(1, pins=pins, inline=inline, workers=workers, entries=entries, folder=tmp_path)


def test_where_nothing_was_exchanged_nothing_is_looked_at(generation, tmp_path):
    for path in tmp_path.rglob("METADATA"):
        path.unlink()
    assert unmet(generation, {"pluggy": PLUGGY}) == {}
    assert unmet(generation, None) == {}


def test_whose_requirements_are_broken_is_named_with_what_is_there(generation):
    assert unmet(generation, {"pluggy": "0.9", "nothing-like-it": "1.0"}) == {
        "bad": f"needs pluggy <1, and this application has pluggy {PLUGGY} since",
        "through": f"middle needs Pluggy <1, and this application has Pluggy {PLUGGY} since",
        "gone": "needs nothing-like-it, which this application has no more",
        "worker": f"deep needs pluggy ==0.9, and this application has pluggy {PLUGGY} since",
    }


def test_what_no_plugin_minds_blocks_nobody(generation):
    assert unmet(generation, {"packaging": "1.0"}) == {}
