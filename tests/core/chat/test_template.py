"""The template of docs/how-to/write-a-plugin.md, built as its pyproject.toml says and used in a running chat."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jackfield.store import Layout

from tests.support.profiles import Profile
from tests.support.wheels import WheelSource

if TYPE_CHECKING:
    from tests.core.chat.conftest import RunningChat

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[3] / "docs/how-to/write-a-plugin.md").read_text(encoding="utf-8")
TEMPLATE = PAGE.partition("## A template to begin with")[2]


def written() -> WheelSource:
    """What a build backend makes of the three files."""
    project_text, manifest, code = re.findall(r"```\w+\n(.*?)```", TEMPLATE, re.DOTALL)
    project = tomllib.loads(project_text)
    (package,) = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return WheelSource(
        project["project"]["name"],
        project["project"]["version"],
        files={f"{package}/__init__.py": code, f"{package}/plugin.toml": manifest},
        entry_points=project["project"]["entry-points"],
    )


@pytest.mark.feature("C23")
async def test_the_template_answers_its_trigger_in_the_role_of_a_plugin(chat: RunningChat, tmp_path: Path) -> None:
    profile = Profile(Layout.locate("chat", environ={"JACKFIELD_HOME": str(chat.settings.plugin_home)}))
    profile.install(written().build(tmp_path / "wheels"))
    profile.enable("example")
    await chat.plugin("example")
    ada, bob = await chat.person("ada"), await chat.person("bob")
    await ada.say("good morning")
    await ada.say("!example")
    answer = await bob.hears("Hello ada, 1 lines")
    assert (answer["author"], answer["plugin"]) == ("Example", "example")
    await ada.say("!example Grace")
    assert (await bob.hears("Hello Grace"))["plugin"] == "example"
    own = await bob.hears("!example Grace")
    assert (own["author"], own["plugin"]) == ("ada", None)
