"""The bytes and bounds on the protocol's page are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jackfield.rpc import PROTOCOL_VERSION, FrameWriter, Limits, read_message
from jackfield.rpc import messages as kinds
from jackfield.rpc.framing import FRAME_BYTES
from jackfield.rpc.ledger import ABANDONED_CALLS
from jackfield.rpc.link import HELLO_BYTES
from jackfield.rpc.plain import DEPTH

PAGE = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
NAMES: dict[str, Any] = {name: getattr(kinds, name) for name in re.findall(r"^\| \d \| (\w+) \|", PAGE, re.MULTILINE)}
LINES = re.findall(r"^\| `(\w+\(.*\))` \| `([0-9a-f ]+)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("text", "written"), LINES, ids=[text for text, _ in LINES])
def test_worked_bytes_are_what_is_sent_and_read(text: str, written: str) -> None:
    message = eval(text, {"__builtins__": {}}, NAMES)
    frame = bytes.fromhex(written)
    assert bytes(FrameWriter().frame(message)).hex(" ") == written
    assert msgspec.msgpack.encode(read_message(frame[4:])) == frame[4:]


def test_each_kind_has_its_number_its_elements_and_an_example() -> None:
    rows = re.findall(r"^\| (\d) \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 9
    for number, name, elements in rows:
        kind = NAMES[name]
        assert kind.__struct_config__.tag == int(number)
        outside = re.sub(r"\([^)]*\)|`\[[^`]*`", "", elements)
        assert len(outside.split(", ")) - outside.count("each ") == len(kind.__struct_fields__)
    assert {text.partition("(")[0] for text, _ in LINES} == set(NAMES)


def test_the_bounds_are_those_of_the_code() -> None:
    limits = Limits()
    text = " ".join(PAGE.split())
    assert f"| the body of the first frame | {HELLO_BYTES} bytes |" in text
    assert FRAME_BYTES == 1 << 20 == limits.frame_bytes
    assert f"version of this page is **{PROTOCOL_VERSION}**" in text
    assert f"at most {DEPTH} deep" in text
    assert f"more than {limits.open_calls} requests" in text
    assert f"{ABANDONED_CALLS} answers that never came" in text
    assert f"more than {limits.send_seconds:g} s in which" in text
    assert f"{limits.backlog_bytes >> 20} MiB that wait" in text
    assert f"at most {kinds.BATCH_CALLS:,} times".replace(",", " ") in text
