"""The page of isolation shows a plugin that runs in both places, and says what crosses."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "isolation.md").read_text(encoding="utf-8")
SPECS, PLUGIN = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("isolation", ["inline", "worker"])
async def test_the_plugin_of_the_page_is_the_same_in_both_places(profile, build, running, isolation):
    specs: dict[str, Any] = {}
    exec(SPECS, specs)
    profile.install(build("weather", code=PLUGIN))
    profile.enable("weather", isolation=isolation)
    host = await running(specs=SimpleNamespace(**specs))
    assert host.plugins.status("weather").isolation == isolation, host.plugins.status("weather")
    assert await host.call.spoken(text="it is :rain: again") == "it is ☔ again"
    assert await host.call.looked_up(place="Oslo") == [4]
    assert await host.call.looked_up.batch([{"place": "Oslo"}, {"place": "Rome"}]) == [[4], []]
