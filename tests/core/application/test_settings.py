"""Settings in a running application: what is saved by hand or set elsewhere is taken up while it runs."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from jackfield.application import Application
from jackfield.management import Management
from jackfield.store import Layout

from tests.support.profiles import Profile, hostfile
from tests.support.speakers import Speaker
from tests.support.wheels import WheelSource, manifest_text

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "settings.md"


async def eventually(check, *, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if check():
                return
            await asyncio.sleep(0.02)


@pytest.mark.slow
@pytest.mark.feature("C22", "U25")
async def test_the_plugin_of_the_page_hears_what_its_user_changes(tmp_path, caplog):
    caplog.set_level("INFO")
    text = PAGE.read_text(encoding="utf-8")
    declared, code = (re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[0] for kind in ("toml", "python"))
    wheel = WheelSource(
        "chat-weather",
        files={"chat_weather/__init__.py": code, "chat_weather/plugin.toml": manifest_text("weather", more=declared)},
        entry_points={"chat.plugins": {"weather": "chat_weather:Weather"}},
    ).build(tmp_path / "wheels")
    layout = Layout.locate("chat", environ={"JACKFIELD_HOME": str(tmp_path / "home")})
    profile = Profile(layout)
    profile.install(wheel)
    profile.enable("weather")
    application = Application("chat", hostfile=hostfile(), home=tmp_path / "home")
    await application.start()
    try:
        asking = Speaker("anna")
        await application.host.commands.dispatch("forecast", asking)
        elsewhere = Management("chat", layout, (), hostfile(), groups=("chat.plugins",)).kept.settings("weather")
        elsewhere.change({"place": "Graz", "token": "hush"}, by="another process")
        await eventually(lambda: "place is now Graz" in caplog.text)
        file = layout.config("weather") / "settings.toml"
        file.write_text(file.read_text().replace("# days = 3", "days = 5"))
        await eventually(lambda: "days is now 5" in caplog.text)
        await application.host.commands.dispatch("forecast", asking)
        assert asking.answers == ["Vienna, 3 days", "Graz, 5 days"]
        file.write_text(file.read_text().replace("days = 5", "days = 99"))
        await eventually(lambda: "days: 99 is above 10" in caplog.text)
        assert "hush" not in caplog.text
    finally:
        await application.stop()
