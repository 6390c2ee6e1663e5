"""The browser is the system's own: where there is none the tests fail with the command that installs it."""

from __future__ import annotations

import pytest

from tests.e2e.browser import chromium


def test_a_missing_browser_fails_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RuntimeError, match="apt-get install chromium"):
        chromium()
