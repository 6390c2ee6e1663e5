"""A hole of zeros in a segment of the index, as a machine leaves that lost its power, and a segment of another form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from jackfield.discovery import write_private
from jackfield.discovery.index import Rows, read_index
from jackfield.discovery.indexing import build_segment
from jackfield.places import FORMAT, place_in

from tests.support.wheels import WheelSource, plugin_source, unpack

GROUP = "chat.plugins"
PLUGINS = 40


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[], Rows]:
    site = tmp_path / "site"
    site.mkdir()
    unpack(plugin_source("weather", "1.0.0"), site)
    for number in range(1, PLUGINS):
        entries = {GROUP: {f"plugin{number}": f"chat_{number}:Main"}}
        unpack(WheelSource(f"chat-of-{number}", f"1.{number}.0", entry_points=entries), site)
    cache = str(tmp_path / "index")
    return lambda: read_index(
        GROUP, [str(site)], cache, build_segment, strict=False, keep=write_private, manifests=True
    )


def write_zeros(folder: Path, begin: Callable[[bytes], int], length: int) -> None:
    (file,) = folder.iterdir()
    content = file.read_bytes()
    place = begin(content)
    file.write_bytes(content[:place] + bytes(length) + content[place + length :])


def test_rows_whose_beginnings_were_never_written_are_made_anew(tmp_path: Path, ask: Callable[[], Rows]) -> None:
    whole = [(row.name, row.version, row.value) for row in ask()]
    assert len(whole) == PLUGINS
    # The first row begins at 0; these numbers lie right before the text of all rows.
    write_zeros(tmp_path / "index", lambda content: content.rindex(bytes(7), 0, content.index(b":Main")) + 12, 60)
    assert [(row.name, row.version, row.value) for row in ask()] == whole


def test_manifests_that_were_never_written_are_unknown(tmp_path: Path, ask: Callable[[], Rows]) -> None:
    (found,) = ask().named("weather")
    assert found.manifest is not None
    write_zeros(tmp_path / "index", lambda content: content.index(b"chat_weather", content.index(b"schema") - 60), 40)
    (found,) = ask().named("weather")
    assert found.manifest is None, "whoever needs it reads the file"


def test_a_release_with_another_form_keeps_its_segments_beside_these() -> None:
    assert place_in("index", "site").endswith(f"-{FORMAT}")
