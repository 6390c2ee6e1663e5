"""The entry point is a plugin's one door: a line of text, read without running anything (K5)."""

from __future__ import annotations

import sys

import pytest
from jackfield import Plugin

from tests.support.wheels import WheelSource, manifest_text

CODE = """
import sys
from jackfield import Plugin

sys.modules["named_ran"] = sys

class Named(Plugin):
    def on_enable(self): self.enabled = True

class Other(Plugin):
    def on_enable(self): raise RuntimeError("nobody named it")
"""
ENTRIES = """
# The one door of the plugin: whoever reads it needs no code. Größe, 大小

[chat.plugins]
# named = chat_named:Other
named = chat_named.inner:Named
"""


@pytest.mark.feature("K5")
async def test_one_named_class_is_found_in_a_text_with_comments_without_running_anything(profile, tmp_path, running):
    files: dict[str, str | bytes] = {
        "chat_named/__init__.py": "",
        "chat_named/inner.py": CODE,
        "chat_named/plugin.toml": manifest_text("named"),
        "chat_named-1.0.0.dist-info/entry_points.txt": ENTRIES,
    }
    profile.install(WheelSource("chat-named", files=files).build(tmp_path / "wheels"))
    host = await running()
    assert [(one.id, one.state) for one in host.plugins] == [("named", "found")]
    assert "named_ran" not in sys.modules
    profile.enable("named")
    await host.reload_changes()
    try:
        assert host.plugins.status("named").state == "active", host.plugins.status("named").problem
        target = host.plugins.record("named").loaded.target
        assert isinstance(target, Plugin)
        assert type(target).__name__ == "Named"
        assert vars(target)["enabled"]
        assert [one.id for one in host.plugins] == ["named"]
    finally:
        sys.modules.pop("named_ran", None)
